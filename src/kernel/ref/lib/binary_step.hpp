#pragma once
// Add, Sub and Mul, also of codes: y = quantize(clamp(a op b)), a and b dequantized to f32 first, as an exported file
// means it.

#include <algorithm>
#include <array>

#include "kernel/ref/lib/elementwise.hpp"
#include "kernel/ref/lib/step.hpp"
#include "kernel/shape/request_context.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {

template <class Operation>
class BinaryStep final : public FusedStep {
public:
    explicit BinaryStep(const KernelRequest& request) : FusedStep(request), context_(request, SeenAs::stored) {
        for (const OperandEncoding& port : request.inputs) params_.push_back(port.params);
        for (std::size_t i = 0; i < 2; ++i) is_constant_[i] = context_.op().constants[i] != nullptr;
        walk_ =
            broadcast_walk(context_.op().inputs[0].shape, context_.op().inputs[1].shape, request.outputs[0].type.shape);
    }

protected:
    void compute(std::span<const std::byte* const> inputs, std::span<float> values) const override {
        const std::vector<TensorView> views = context_.views(inputs);
        std::vector<float> left_values;
        std::vector<float> right_values;
        const float* left = real(views[0], is_constant_[0] ? nullptr : &params_.front(), left_values);
        const float* right = real(views[1], is_constant_[1] ? nullptr : &params_.back(), right_values);
        if (!values.empty()) broadcast_loop(walk_, left, right, values.data(), Operation{});
    }

private:
    /// The operand itself, or its codes dequantized into `values`.
    static const float* real(const TensorView& view, const std::optional<QuantParams>* params,
                             std::vector<float>& values) {
        if (params == nullptr || !params->has_value()) return view.as<float>().data();
        values.resize(static_cast<std::size_t>(view.elements()));
        dequantize_linear(view, (*params)->scale[0], (*params)->zero_point[0], values);
        return values.data();
    }

    RequestContext context_;
    std::vector<std::optional<QuantParams>> params_;
    std::array<bool, 2> is_constant_{};
    BroadcastWalk walk_;
};

/// Nothing quantized, nothing fused.
inline bool is_plain_request(const KernelRequest& request) {
    const auto has_params = [](const OperandEncoding& port) { return port.params.has_value(); };
    return request.epilogue.clamp.is_identity() &&
           std::none_of(request.inputs.begin(), request.inputs.end(), has_params) &&
           std::none_of(request.outputs.begin(), request.outputs.end(), has_params);
}

/// A BinaryOp that takes and gives codes, too, and fuses a clamp.
template <class Operation>
class SteppedBinaryOp final : public BinaryOp<Operation> {
public:
    Support supports(const KernelRequest& request) const override {
        if (is_plain_request(request)) return RefOp::supports(request);
        if (request.epilogue.has_residual) return Support::no("the operator has no residual");
        for (const OperandEncoding& port : request.inputs) {
            if (port.params && !port.params->is_per_tensor())
                return Support::no("activations are quantized per tensor only");
            const DType dtype = port.type.dtype;
            const bool fits = port.params ? dtype == DType::u8 || dtype == DType::s8 : dtype == DType::f32;
            if (!fits) return Support::no("an input is neither fp32 nor 8-bit codes");
        }
        if (const Support support = fused_step_accepts(request); !support.is_supported) return support;
        return rule_accepts(request, SeenAs::real);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        if (is_plain_request(request)) return RefOp::build(request);
        return std::make_unique<BinaryStep<Operation>>(request);
    }
};

}  // namespace halftone::ref
