#pragma once
// NumPy's .npy files, format 1.0, little-endian, C order.
// Source: numpy.lib.format documentation, "Format Version 1.0".

#include <string>

#include "tensor/tensor.hpp"

namespace halftone {

/// Bytes of a .npy file. f32, f64, s8, u8, s32, s64 and boolean. @pre the dtype is one of these
[[nodiscard]] std::string to_npy(TensorView tensor);

}  // namespace halftone
