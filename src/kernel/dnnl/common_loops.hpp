#pragma once
// Loops of our own over dense tensors, in memory order. They vectorise and give the same result on every ISA.

#include <cstddef>

#include "kernel/op.hpp"

namespace halftone::onednn {

/// y[i] = min(max(x[i], low), high); high wins when low > high; NaN stays NaN. `y` may be `x`.
void clamp_values(const float* x, std::size_t n, Clamp clamp, float* y);

/// One operand or the result of an addition: its dtype (u8, s8; the result also f32, where the rest is unused).
struct Codes {
    DType dtype = DType::f32;
    float scale = 1.0F;
    std::int32_t zero_point = 0;
};
/// y = clamp((a - za) * sa + (b - zb) * sb), quantized like tensor/affine.hpp's quantize_linear, bit for bit, unless y
/// is f32. `y` may be `a` or `b` where the element sizes agree.
void add_codes(const std::byte* a, Codes a_codes, const std::byte* b, Codes b_codes, std::size_t n, Clamp clamp,
               std::byte* y, Codes y_codes);

}  // namespace halftone::onednn
