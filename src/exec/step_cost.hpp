#pragma once
// How much a step computes: for profiles.

#include "kernel/ops/request.hpp"

namespace halftone {

/// Returns the multiplications and additions of a Conv, Gemm or MatMul, two for each product; 0 for other operators,
/// whose cost is moving memory.
[[nodiscard]] double operations_of(const KernelRequest& request);

}  // namespace halftone
