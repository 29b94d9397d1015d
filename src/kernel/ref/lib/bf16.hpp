#pragma once
// bf16 steps by the reference kernels: an fp32 step between roundings. Values stay stored as fp32.

#include <functional>
#include <memory>

#include "kernel/ops/op.hpp"

namespace halftone::ref {

/// The nearest bf16 number, ties to even; NaN and infinity stay. bf16 is the upper half of a float.
[[nodiscard]] float rounded_to_bf16(float value);

/// A step that rounds its inputs and weights to bf16, runs the fp32 step and rounds the result.
/// @pre request.is_bf16
[[nodiscard]] std::unique_ptr<Primitive> with_rounding(
    const KernelRequest& request, const std::function<std::unique_ptr<Primitive>(const KernelRequest&)>& build);

}  // namespace halftone::ref
