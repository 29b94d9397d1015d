#include "kernel/ref/lib/step.hpp"

#include <array>

#include "kernel/ref/lib/ref_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {

RefPrimitive::RefPrimitive(const KernelRequest& request) {
    for (const OperandEncoding& port : request.inputs) inputs_.emplace_back(port.type);
    for (const OperandEncoding& port : request.outputs) outputs_.emplace_back(port.type);
}

FusedStep::FusedStep(const KernelRequest& request)
    : RefPrimitive(request),
      output_params_(request.outputs[0].params),
      activation_(request.epilogue.activation == nullptr ? std::nullopt
                                                         : std::optional<Node>(*request.epilogue.activation)),
      clamp_(request.epilogue.clamp),
      has_residual_(request.epilogue.has_residual) {}

std::size_t FusedStep::scratch_bytes() const {
    if (!output_params_) return 0;
    return static_cast<std::size_t>(output_layout(0).type().shape.elements()) * sizeof(float);
}

void FusedStep::execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                        std::byte* scratch) {
    const TensorType& type = output_layout(0).type();
    const auto count = static_cast<std::size_t>(type.shape.elements());
    // An fp32 result is computed where it will stay. A quantized one needs a buffer of its own, because a code is
    // smaller than the real value that it is made from.
    const std::span<float> values(reinterpret_cast<float*>(output_params_ ? scratch : outputs[0]), count);
    compute(inputs, values);
    // The order of what follows is the meaning of a request (ops/request.hpp) and must not change: clamp(act(y +
    // residual)).
    if (has_residual_) {
        const auto* residual = reinterpret_cast<const float*>(inputs.back());
        for (std::size_t i = 0; i < count; ++i) values[i] += residual[i];
    }
    if (activation_) activate(values);
    if (!clamp_.is_identity()) {
        for (float& value : values) {
            // Two comparisons instead of std::clamp: NaN passes, and the upper bound wins when the bounds are in the
            // wrong order.
            value = value < clamp_.low ? clamp_.low : value;
            value = value > clamp_.high ? clamp_.high : value;
        }
    }
    if (output_params_) {
        quantize_linear(values, output_params_->scale[0], output_params_->zero_point[0], {type, outputs[0]});
    }
}

void FusedStep::activate(std::span<float> values) const {
    const TensorType type{DType::f32, output_layout(0).type().shape};
    // The reference operator reads and writes different buffers, so it gets a copy as its input.
    const Tensor before = Tensor::of<float>(type.shape, values);
    const OpContext op{.node = *activation_, .inputs = {type}, .constants = {nullptr}};
    const std::array<TensorView, 1> in{before.view()};
    const std::array<MutableView, 1> out{MutableView{type, reinterpret_cast<std::byte*>(values.data())}};
    find_ref_op(activation_->op)->run(op, in, out);
}

Support fused_step_accepts(const KernelRequest& request) {
    if (request.outputs.size() != 1) return Support::no("a fused step has one output");
    const OperandEncoding& output = request.outputs[0];
    // Scales for each channel exist for weights only: a per-channel scale of activations could not leave the sum of a
    // product.
    if (output.params) {
        const bool is_8_bit = output.type.dtype == DType::u8 || output.type.dtype == DType::s8;
        if (!is_8_bit || output.params->dtype != output.type.dtype) return Support::no("the output is not 8 bit wide");
        if (!output.params->is_per_tensor()) return Support::no("activations are quantized per tensor only");
    } else if (output.type.dtype != DType::f32) {
        return Support::no("the output is neither fp32 nor quantized");
    }
    if (request.epilogue.activation != nullptr && find_ref_op(request.epilogue.activation->op) == nullptr) {
        return Support::no("the activation " + request.epilogue.activation->op + " is not supported");
    }
    if (request.epilogue.has_residual) {
        const OperandEncoding& residual = request.inputs.back();
        if (residual.params || residual.type != TensorType{DType::f32, output.type.shape}) {
            return Support::no("a fused residual is fp32 and has the output's shape");
        }
    }
    return Support::yes();
}

}  // namespace halftone::ref
