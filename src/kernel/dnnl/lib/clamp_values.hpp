#pragma once
// Loops of our own over dense tensors, in memory order. They vectorise and give the same result on every ISA.

#include <cstddef>

#include "kernel/ops/request.hpp"

namespace halftone::onednn {

/// y[i] = min(max(x[i], low), high); high wins when low > high; NaN stays NaN. `y` may be `x`.
void clamp_values(const float* x, std::size_t n, Clamp clamp, float* y);

}  // namespace halftone::onednn
