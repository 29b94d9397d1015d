#include "kernel/ref/lib/weighted_step.hpp"

#include <algorithm>

namespace halftone::ref {
namespace {

Support integers_fit(const KernelRequest& request, std::int64_t channels) {
    const OperandEncoding& input = request.inputs[0];
    if (input.type.dtype != DType::u8 && input.type.dtype != DType::s8)
        return Support::no("the input is not 8 bit wide");
    if (!input.params->is_per_tensor()) return Support::no("activations are quantized per tensor only");
    if (request.weight.values.dtype() != DType::s8 || !request.weight.params)
        return Support::no("the weights are not int8");
    const QuantParams& weight = *request.weight.params;
    // A zero point of weights would need the sum of the input for each output; int8 kernels elsewhere refuse it, too.
    if (std::any_of(weight.zero_point.begin(), weight.zero_point.end(), [](std::int32_t z) { return z != 0; })) {
        return Support::no("the weights have zero points");
    }
    if (!weight.is_per_tensor() && static_cast<std::int64_t>(weight.scale.size()) != channels) {
        return Support::no("the weights do not have one scale for each output channel");
    }
    const DType bias = request.node->op == "MatMul" ? DType::f32 : DType::s32;  // an Add behind a MatMul is real
    if (!request.bias.is_empty() && request.bias.dtype() != bias) {
        return Support::no("the bias is not " + std::string(to_string(bias)));
    }
    if (request.epilogue.has_residual && (request.node->op != "MatMul" || request.outputs[0].params)) {
        return Support::no("a residual is fused in fp32 only");
    }
    return Support::yes();
}

}  // namespace

WeightedStep::WeightedStep(const KernelRequest& request)
    : FusedStep(request), is_quantized_(request.is_quantized()), weight_(request.weight.values), bias_(request.bias) {
    if (!is_quantized_) return;
    zero_point_ = request.inputs[0].params->zero_point[0];
    // The product of the two scales is rounded to float here, once. It is the scale that the file's int32 bias has.
    for (const float scale : request.weight.params->scale) {
        scales_.push_back(request.inputs[0].params->scale[0] * scale);
    }
}

Support weighted_step_accepts(const KernelRequest& request, std::int64_t channels) {
    if (request.inputs.size() != (request.epilogue.has_residual ? 2U : 1U))
        return Support::no("weights and bias must be constants");
    if (request.is_quantized()) {
        if (const Support support = integers_fit(request, channels); !support.is_supported) return support;
    } else if (request.weight.params || request.inputs[0].type.dtype != DType::f32) {
        return Support::no("input and weights are neither both fp32 nor both int8");
    }
    // The shape rule comes last: it reads sizes, and the checks above made sure that the operands are what it expects.
    if (const Support support = fused_step_accepts(request); !support.is_supported) return support;
    return rule_accepts(request, SeenAs::real);
}

}  // namespace halftone::ref
