#pragma once
// Scale and zero point of QuantizeLinear and DequantizeLinear nodes: one rule for both.

#include "kernel/op.hpp"
#include "kernel/ref/common_rules.hpp"
#include "tensor/quant_params.hpp"

namespace halftone::ref {

/// Reads inputs 1 and 2, which must be constants, and the attribute axis. `codes` is the dtype of the codes; a missing
/// zero point is 0. @throws ModelError naming the node: not constant, scale not finite and > 0, sizes that do not
/// match, a zero point of another dtype, blocked quantization.
[[nodiscard]] QuantParams linear_params(const OpContext& op, DType codes);

/// The request with scale and zero point as constants 1 and 2; where it has none, `params` of a port give them.
[[nodiscard]] KernelRequest with_linear_constants(const KernelRequest& request,
                                                  const std::optional<QuantParams>& params);

/// body(channel, offset, count) for every contiguous run of elements that share parameters.
template <class Body>
void for_each_run(const Shape& shape, const QuantParams& params, Body body) {
    std::size_t run = 1;
    const std::size_t first = params.is_per_tensor() ? 0 : static_cast<std::size_t>(params.axis) + 1;
    for (std::size_t d = first; d < shape.rank(); ++d) run *= static_cast<std::size_t>(shape[d]);
    const auto elements = static_cast<std::size_t>(shape.elements());
    if (elements == 0) return;
    for (std::size_t i = 0; i < elements / run; ++i) body(i % params.scale.size(), i * run, run);
}

}  // namespace halftone::ref
