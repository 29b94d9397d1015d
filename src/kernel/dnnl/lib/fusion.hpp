#pragma once
// What Conv, Gemm and MatMul share: checks of a fused request, and its scales, zero points, residual, activation and
// clamp as oneDNN attributes. Only the presence of scales and zero points is part of a primitive; their values are
// arguments, so one compiled primitive serves every candidate.

#include "kernel/dnnl/lib/step.hpp"
#include "kernel/ops/op.hpp"

namespace halftone::onednn {

/// No clamp, no residual: for ops that fuse nothing.
[[nodiscard]] Support check_unfused(const KernelRequest& request);
/// One fp32 input and output, nothing fused.
[[nodiscard]] Support check_f32_unary(const KernelRequest& request);
/// Dtypes, parameters, bias, residual and activation of a Conv, Gemm or MatMul with `channels` output channels along
/// the weights' `axis`.
[[nodiscard]] Support check_fused(const KernelRequest& request, std::int64_t channels, std::int64_t axis);

/// Returns whether the post-ops of an fp32 or bf16 result lose NaN: oneDNN clamps with the processor's max and min,
/// which return the bound for a NaN, and begins its exponentials so. A result in codes has no NaN to lose.
[[nodiscard]] bool epilogue_loses_nan(const KernelRequest& request);

/// Types as the primitive stores them: bf16 where the request says so.
[[nodiscard]] TensorType stored_type(const KernelRequest& request, const OperandEncoding& port);
[[nodiscard]] dnnl::memory::data_type stored_weight_type(const KernelRequest& request);

struct Fusion {
    dnnl::primitive_attr attributes;
    Arguments arguments;  ///< scales and zero points, run-time
};
/// `weight_mask`: oneDNN's bit mask of the weights' output-channel dimensions. `factor` multiplies op(x) (Gemm's
/// alpha). One weight scale is repeated for each of the `channels`, so that granularity is no part of the primitive.
/// @pre check_fused()
[[nodiscard]] Fusion fuse(const KernelRequest& request, int weight_mask, std::int64_t channels, float factor = 1.0F);

/// The parts of fuse(), for operators with another kind of operands.
void add_post_ops(Fusion& fusion, const KernelRequest& request);
void add_scales(Fusion& fusion, int argument, int mask, std::span<const float> scales);
void add_zero_point(Fusion& fusion, int argument, std::int32_t zero_point);
void add_output_params(Fusion& fusion, const KernelRequest& request);

/// The bias in real units, times `factor`, repeated to `channels` values. @pre request.bias is not empty
[[nodiscard]] std::vector<float> real_bias(const KernelRequest& request, std::int64_t channels, float factor = 1.0F);

/// oneDNN computes this unary node as a post-op, as exactly as its own eltwise primitive.
[[nodiscard]] bool is_post_op(const Node& node);
/// @pre is_post_op(node)
void append_activation(dnnl::post_ops& post_ops, const Node& node);
/// Adds min(max(x, low), high) as a post-op; nothing for the identity.
void append_clamp(dnnl::post_ops& post_ops, Clamp clamp);

}  // namespace halftone::onednn
