#pragma once
// A product whose input was quantized at run time, as a kernel case: tests of the backends dnnl and native share it.

#include <memory>

#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {

/// Inputs of ScaledMatMulInteger: A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias.
struct ProductCase {
    Shape left{5, 96};
    std::int64_t columns = 24;
    DType weight = DType::s8;
    bool has_zero_points = false;
    bool has_bias = true;
    bool is_per_channel = true;
    std::int32_t largest = 127;  ///< magnitude of the weights
};

[[nodiscard]] std::unique_ptr<KernelCase> codes_product(const ProductCase& p);

}  // namespace halftone::test
