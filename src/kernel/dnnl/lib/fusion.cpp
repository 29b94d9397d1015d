// What oneDNN's kernels can take of a request, and how a request becomes oneDNN's attributes.
//
//   check_f32_unary, check_unfused   for operators of one data input, which fuse nothing
//   check_fused                      for Conv, Gemm and MatMul: by check_int8 where the input has codes, else check_f32
//   add_zero_point ...               scales, zero points and post-ops, in the order in which oneDNN applies them
#include "kernel/dnnl/lib/fusion.hpp"

#include <algorithm>
#include <optional>

#include "kernel/dnnl/lib/eltwise.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/widened.hpp"
#include "kernel/ops/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

bool is_real_port(const OperandEncoding& port) { return !port.params && port.type.dtype == DType::f32; }

Support check_weight_params(const KernelRequest& request, std::int64_t channels, std::int64_t axis) {
    if (request.weight.values.dtype() != DType::s8 || !request.weight.params) {
        return Support::no("an int8 op needs int8 weights with their parameters");
    }
    const QuantParams& params = *request.weight.params;
    const bool is_per_channel = params.axis == axis && static_cast<std::int64_t>(params.scale.size()) == channels;
    if (!params.is_per_tensor() && !is_per_channel) {
        return Support::no("weight scales are neither per tensor nor per output channel");
    }
    if (std::any_of(params.zero_point.begin(), params.zero_point.end(), [](std::int32_t z) { return z != 0; })) {
        return Support::no("oneDNN's int8 kernels take no zero point of the weights");
    }
    return Support::yes();
}

/// What the int8 kernels of oneDNN take. Each refusal leads to another backend, or to the same node in fp32.
Support check_int8(const KernelRequest& request, std::int64_t channels, std::int64_t axis) {
    const bool is_weighed =
        float_attribute(*request.node, "alpha", 1.0F) != 1.0F || float_attribute(*request.node, "beta", 1.0F) != 1.0F;
    if (is_weighed && needs_widening(request)) {
        return Support::no("alpha and beta of int8 need VNNI (this machine: " + isa_name() + ")");
    }
    if (request.epilogue.has_residual && (request.node->op != "MatMul" || !is_real_port(request.outputs[0]))) {
        return Support::no("a residual is fused in fp32 only");
    }
    if (!is_codes(request.inputs[0])) return Support::no("an int8 input is uint8 or int8 codes, per tensor");
    if (!is_codes(request.outputs[0]) && !is_real_port(request.outputs[0])) {
        return Support::no("the output of an int8 op is uint8 or int8 codes, per tensor, or fp32");
    }
    // MatMul has no bias in ONNX: what stands here was an Add behind it in the file, in fp32.
    const DType bias = request.node->op == "MatMul" ? DType::f32 : DType::s32;
    if (!request.bias.is_empty() && request.bias.dtype() != bias) {
        return Support::no("the bias of an int8 " + request.node->op + " is " + std::string(to_string(bias)));
    }
    return check_weight_params(request, channels, axis);
}

Support check_f32(const KernelRequest& request) {
    if (!is_real_port(request.inputs[0]) || !is_real_port(request.outputs[0])) {
        return Support::no("input and output are both fp32 when the input has no codes");
    }
    if (request.weight.values.dtype() != DType::f32) return Support::no("an fp32 op needs fp32 weights");
    if (request.is_bf16 && !has_bf16())
        return Support::no("bf16 needs AVX-512 BF16 (this machine: " + isa_name() + ")");
    if (!request.bias.is_empty() && request.bias.dtype() != DType::f32) return Support::no("the bias is not fp32");
    return Support::yes();
}

/// The scale of x * w for each output channel.
std::vector<float> accumulator_scales(const KernelRequest& request) {
    std::vector<float> scales = request.weight.params->scale;
    for (float& scale : scales) scale *= request.inputs[0].params->scale[0];
    return scales;
}

}  // namespace

Support check_unfused(const KernelRequest& request) {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    return Support::yes();
}

Support check_f32_unary(const KernelRequest& request) {
    if (request.inputs.size() != 1 || request.outputs.size() != 1) {
        return Support::no("oneDNN's op has one data input and one output");
    }
    // Pow and Clip of a constant: the one data input is then the exponent or a bound.
    const bool is_constant = !request.constants.empty() && !request.constants[0].is_empty();
    if (is_constant) return Support::no("the first input is a constant");
    if (!is_real_port(request.inputs[0]) || !is_real_port(request.outputs[0])) return Support::no("fp32 only");
    return check_unfused(request);
}

Support check_fused(const KernelRequest& request, std::int64_t channels, std::int64_t axis) {
    const std::size_t inputs = request.epilogue.has_residual ? 2 : 1;
    if (request.inputs.size() != inputs || request.outputs.size() != 1) return Support::no("wrong number of inputs");
    if (request.epilogue.has_residual && request.inputs.back().type != request.outputs[0].type) {
        return Support::no("the residual does not have the output's shape");
    }
    if (request.epilogue.activation != nullptr && !is_post_op(*request.epilogue.activation)) {
        return Support::no("no post-op for the activation " + request.epilogue.activation->op);
    }
    return request.is_quantized() ? check_int8(request, channels, axis) : check_f32(request);
}

void add_zero_point(Fusion& fusion, int argument, std::int32_t zero_point) {
    // Without a zero point oneDNN chooses a faster kernel, which packs no compensation into the weights.
    if (zero_point == 0) return;
    fusion.attributes.set_zero_points_mask(argument, 0);
    fusion.arguments.emplace_back(DNNL_ARG_ATTR_ZERO_POINTS | argument,
                                  constant_memory(std::span<const std::int32_t>(&zero_point, 1)));
}

void add_scales(Fusion& fusion, int argument, int mask, std::span<const float> scales) {
    fusion.attributes.set_scales_mask(argument, mask);
    fusion.arguments.emplace_back(DNNL_ARG_ATTR_SCALES | argument, constant_memory(scales));
}

void add_output_params(Fusion& fusion, const KernelRequest& request) {
    const auto& output = request.outputs[0].params;
    if (!output) return;
    add_scales(fusion, DNNL_ARG_DST, 0, output->scale);
    add_zero_point(fusion, DNNL_ARG_DST, output->zero_point[0]);
}

void add_post_ops(Fusion& fusion, const KernelRequest& request) {
    dnnl::post_ops post_ops;
    // The order of post-ops is the order of the epilogue. The sum reads the output buffer, into which the residual was
    // copied (or where it lies already: Slot::kCopiedToOutput).
    if (request.epilogue.has_residual) post_ops.append_sum();
    if (request.epilogue.activation != nullptr) append_activation(post_ops, *request.epilogue.activation);
    const auto& output = request.outputs[0].params;
    const Clamp& clamp = request.epilogue.clamp;
    // A clamp at or beyond the ends of the codes' range is what saturation does anyway; Relu before unsigned codes with
    // zero point 0 costs nothing then.
    if (!output || !is_clamp_implied(*output, clamp.low, clamp.high)) append_clamp(post_ops, clamp);
    fusion.attributes.set_post_ops(post_ops);
}

bool epilogue_loses_nan(const KernelRequest& request) {
    if (request.outputs[0].params) return false;
    const Node* activation = request.epilogue.activation;
    return !request.epilogue.clamp.is_identity() || (activation != nullptr && function_loses_nan(*activation));
}

TensorType stored_type(const KernelRequest& request, const OperandEncoding& port) {
    return {request.is_bf16 ? DType::bf16 : port.type.dtype, port.type.shape};
}

dnnl::memory::data_type stored_weight_type(const KernelRequest& request) {
    return request.is_bf16 ? dnnl::memory::data_type::bf16 : to_dnnl(request.weight.values.dtype());
}

Fusion fuse(const KernelRequest& request, int weight_mask, std::int64_t channels, float factor) {
    Fusion fusion{plain_attributes(), {}};
    add_post_ops(fusion, request);
    if (!request.is_quantized()) return fusion;

    const QuantParams& input = *request.inputs[0].params;
    std::vector<float> weight_scales = request.weight.params->scale;
    // One scale is repeated for each channel, so that the granularity is no part of the primitive and its compiled
    // code.
    if (weight_scales.size() == 1) weight_scales.resize(static_cast<std::size_t>(channels), weight_scales[0]);
    for (float& scale : weight_scales) scale *= factor;
    add_scales(fusion, DNNL_ARG_SRC, 0, input.scale);
    add_scales(fusion, DNNL_ARG_WEIGHTS, weight_mask, weight_scales);
    add_zero_point(fusion, DNNL_ARG_SRC, input.zero_point[0]);
    add_output_params(fusion, request);
    return fusion;
}

std::vector<float> real_bias(const KernelRequest& request, std::int64_t channels, float factor) {
    const Tensor& bias = request.bias;
    const auto count = static_cast<std::size_t>(channels);
    // A bias of one element stands for all channels (Gemm allows that).
    const std::size_t step = bias.elements() == 1 ? 0 : 1;
    std::vector<float> values(count);
    if (bias.dtype() == DType::f32) {
        for (std::size_t c = 0; c < count; ++c) values[c] = bias.as<float>()[c * step] * factor;
        return values;
    }
    // The file's bias is an int32 with the accumulator's scale. oneDNN adds biases after scaling, so it is needed as a
    // real value.
    const std::vector<float> scales = accumulator_scales(request);
    for (std::size_t c = 0; c < count; ++c) {
        const float scale = scales[scales.size() == 1 ? 0 : c];
        values[c] = static_cast<float>(bias.as<std::int32_t>()[c * step]) * scale * factor;
    }
    return values;
}

bool is_post_op(const Node& node) { return eltwise_of(node).has_value(); }

void append_activation(dnnl::post_ops& post_ops, const Node& node) {
    const Eltwise eltwise = *eltwise_of(node);
    post_ops.append_eltwise(eltwise.algorithm, eltwise.alpha, eltwise.beta);
}

void append_clamp(dnnl::post_ops& post_ops, Clamp clamp) {
    if (clamp.is_identity()) return;
    if (clamp == Clamp{.low = 0.0F}) {
        // Relu has its own fast path in oneDNN; clip(0, inf) would compare twice.
        post_ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    } else {
        // ONNX's Clip lets high win when low > high.
        post_ops.append_eltwise(dnnl::algorithm::eltwise_clip, std::min(clamp.low, clamp.high), clamp.high);
    }
}

}  // namespace halftone::onednn
