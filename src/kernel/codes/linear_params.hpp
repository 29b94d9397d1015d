#pragma once
// Scale and zero point of QuantizeLinear and DequantizeLinear nodes: one rule for both.

#include <optional>

#include "kernel/ops/request.hpp"
#include "kernel/shape/rules.hpp"
#include "tensor/quant_params.hpp"

namespace halftone::ref {

/// Reads inputs 1 and 2, which must be constants, and the attribute axis. `codes` is the dtype of the codes; a missing
/// zero point is 0. @throws ModelError naming the node: not constant, scale not finite and > 0, sizes that do not
/// match, a zero point of another dtype.
[[nodiscard]] QuantParams linear_params(const OpContext& op, DType codes);

/// The request with scale and zero point as constants 1 and 2; where it has none, `params` of a port give them.
[[nodiscard]] KernelRequest with_linear_constants(const KernelRequest& request,
                                                  const std::optional<QuantParams>& params);

/// Blocked quantization (opset 21, attribute block_size): one scale for `size` neighbours along `axis`.
struct Blocks {
    std::size_t axis = 0;
    std::int64_t size = 0;
};
/// Nothing when the node has no block_size. Checks shapes and dtypes of scale and zero point. @throws ModelError
[[nodiscard]] std::optional<Blocks> blocks_of(const OpContext& op, DType codes);
/// Row-major place of the scale of element `place`.
[[nodiscard]] std::size_t scale_place(const Shape& shape, Blocks blocks, std::size_t place);
/// A zero point of any dtype that codes have; 0 without data.
[[nodiscard]] std::int32_t zero_point_at(const TensorView& zero_points, std::size_t place);

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
