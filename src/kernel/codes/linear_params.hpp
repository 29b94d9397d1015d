#pragma once
// Scale and zero point of QuantizeLinear and DequantizeLinear nodes, constant or made at run time: one rule for both.

#include <cstdint>
#include <optional>
#include <span>

#include "kernel/ops/request.hpp"
#include "kernel/shape/rules.hpp"
#include "tensor/quant_params.hpp"

namespace halftone::ref {

/// Reads inputs 1 and 2, which must be constants, and the attribute axis. `codes` is the dtype of the codes; a missing
/// zero point is 0. @throws ModelError naming the node: not constant, scale not finite and > 0, sizes that do not
/// match, a zero point of another dtype.
[[nodiscard]] QuantParams linear_params(const OpContext& op, DType codes);
/// Returns whether scale and zero point are known before the model runs; a zero point that is left out is.
[[nodiscard]] bool has_constant_params(const OpContext& op);
/// Checks inputs 1 and 2: of constants all that linear_params() checks, of values that are made at run time types and
/// shapes. @throws ModelError naming the node
void check_linear_params(const OpContext& op, DType codes);
/// Reads scale and zero point that are made at run time. They may hold anything: quantize_any and dequantize_any give
/// what the arithmetic of floats gives. @param inputs  all inputs of the node, as RefOp::run has them
[[nodiscard]] QuantParams linear_params_at(const OpContext& op, DType codes, std::span<const TensorView> inputs);

/// As quantize_linear() of the room tensor, with any scale: x / 0 saturates, and NaN becomes the zero point.
void quantize_any(std::span<const float> x, float scale, std::int32_t zero_point, MutableView codes);
/// As dequantize_linear() of the room tensor, with any scale.
void dequantize_any(TensorView codes, float scale, std::int32_t zero_point, std::span<float> y);

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
