#pragma once
// int8 Conv, Gemm and MatMul where the machine has no exact int8 dot product (VNNI): the codes are multiplied as fp32.
// Products and sums of codes are integers, exact in fp32 up to 2^24; beyond, the sum is off by less than the rounding
// to fp32 that the meaning of an int8 step has anyway (kernel/README.md). As fast as fp32, and no faster.

#include <functional>

#include "kernel/codes/needs_widening.hpp"
#include "kernel/ops/op.hpp"

namespace halftone::onednn {

/// The fp32 step whose result is sum + bias of the codes: weights as whole numbers, nothing fused behind it.
/// @pre needs_widening(request), and its parts were checked
[[nodiscard]] KernelRequest widened(const KernelRequest& request);

/// body(request), or body(widened(request)) where it needs that.
template <class Body>
auto as_computed(const KernelRequest& request, Body body) {
    return needs_widening(request) ? body(widened(request)) : body(request);
}

using BuildReal = std::function<std::unique_ptr<Primitive>(const KernelRequest&)>;
/// `build_real` builds widened(request); its channels (a product's columns) are innermost in the output's layout.
[[nodiscard]] std::unique_ptr<Primitive> build_widened(const KernelRequest& request, std::int64_t channels,
                                                       const BuildReal& build_real);

}  // namespace halftone::onednn
