#pragma once
// MatMul as a step: by a constant matrix with everything that can be fused with it, or of two tensors of codes.

#include "kernel/ops/op.hpp"

namespace halftone::ref {

/// A step that is more than the operator alone: constant weights, or codes.
[[nodiscard]] bool is_mat_mul_step(const KernelRequest& request);
/// @pre is_mat_mul_step()
[[nodiscard]] Support supports_mat_mul_step(const KernelRequest& request);
/// @pre supports_mat_mul_step()
[[nodiscard]] std::unique_ptr<Primitive> build_mat_mul_step(const KernelRequest& request);

}  // namespace halftone::ref
