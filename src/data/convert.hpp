#pragma once
// Element types of samples turned into fp32, for transforms and the end of the pipeline.

#include <span>

#include "tensor/tensor.hpp"

namespace halftone {

/// Whether write_floats knows the type: fp32, uint8, int8, int32, int64.
[[nodiscard]] bool is_convertible(DType dtype);

/// out[i] = float(values[i]), rounded to nearest even. @pre is_convertible, equal element counts
void write_floats(TensorView values, std::span<float> out);

[[nodiscard]] Tensor to_floats(const Tensor& values);

}  // namespace halftone
