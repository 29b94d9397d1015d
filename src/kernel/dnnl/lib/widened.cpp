// A step of codes that runs in fp32, in this order (Widened::execute):
//
//   dequantize_codes   codes minus zero point: whole numbers, which fp32 holds exactly
//   real_->execute     oneDNN's fp32 kernel: exact sums, as long as they stay below 2^24
//   scale_values       scales, real bias and residual, row by row
//   function_, clamp   the activation; then codes again, if the output is stored as codes
//
// widened() makes the request for the fp32 kernel, without everything that comes after the sum.
#include "kernel/dnnl/lib/widened.hpp"

#include <algorithm>
#include <array>

#include "kernel/codes/affine_steps.hpp"
#include "kernel/codes/parallel.hpp"
#include "kernel/dnnl/lib/clamp_values.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/ops/backend_tables.hpp"
#include "kernel/ops/machine.hpp"
#include "kernel/shape/fast_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

/// Buffers begin at multiples of a cache line, as kernels expect.
constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t elements_of(const TensorType& type) { return static_cast<std::size_t>(type.shape.elements()); }

/// v = sum * scale[c] + bias[c] + residual, rows of channels.
void scale_values(std::span<float> values, const codes::ChannelScales& by, const float* residual) {
    const std::size_t channels = by.scale.size();
    codes::in_rows(values.size() / channels, channels, [&](std::size_t first, std::size_t last) {
        for (std::size_t row = first * channels; row < last * channels; row += channels) {
            float* v = values.data() + row;
            for (std::size_t c = 0; c < channels; ++c) v[c] *= by.scale[c];
            if (!by.bias.empty()) {
                for (std::size_t c = 0; c < channels; ++c) v[c] += by.bias[c];
            }
            if (residual != nullptr) {
                for (std::size_t c = 0; c < channels; ++c) v[c] += residual[row + c];
            }
        }
    });
}

/// The request's activation as a step of its own over the real output.
std::unique_ptr<Primitive> build_function(const KernelRequest& request, const Layout& output) {
    if (request.epilogue.activation == nullptr) return nullptr;
    const OperandEncoding port{output.type(), std::nullopt};
    const KernelRequest function{.node = request.epilogue.activation, .inputs = {port}, .outputs = {port}};
    return find_dnnl_op(request.epilogue.activation->op)->build(function, {.weights = nullptr, .available = {output}});
}

class Widened final : public Primitive {
public:
    Widened(const KernelRequest& request, std::int64_t channels, std::unique_ptr<Primitive> real)
        : real_(std::move(real)),
          function_(build_function(request, real_->output_layout(0))),
          clamp_(request.epilogue.clamp),
          output_(with_dtype(real_->output_layout(0), request.outputs[0].type.dtype)) {
        const std::size_t operands = request.weight.values.is_empty() ? 2 : 1;
        for (std::size_t i = 0; i < operands; ++i) {
            const QuantParams& params = *request.inputs[i].params;
            // Scale 1: code - zero_point is a whole number, which fp32 holds exactly. The scales come after the sum.
            codes_.push_back({params.dtype, 1.0F, static_cast<float>(params.zero_point[0]), false});
            inputs_.push_back(with_dtype(real_->input_layout(i), params.dtype));
        }
        if (request.epilogue.has_residual) inputs_.push_back(output_);
        const QuantParams& right = operands == 2 ? *request.inputs[1].params : *request.weight.params;
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
            by_.scale.push_back(request.inputs[0].params->scale[0] * right.scale[right.is_per_tensor() ? 0 : c]);
        }
        // An int32 bias is part of the fp32 step (widened()), where it belongs to the exact sum; a real one comes after
        // the scales.
        if (!request.bias.is_empty() && request.bias.dtype() == DType::f32) {
            by_.bias.assign(request.bias.as<float>().begin(), request.bias.as<float>().end());
        }
        if (request.outputs[0].params) result_ = codes::codes_result(request.outputs[0], request.epilogue.clamp);
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        const std::size_t inner = std::max(real_->scratch_bytes(), function_ ? function_->scratch_bytes() : 0);
        std::size_t operands = 0;
        for (std::size_t i = 0; i < codes_.size(); ++i) operands += operand_bytes(i);
        return operands + (result_ ? output_bytes() : 0) + inner;
    }
    [[nodiscard]] std::string implementation() const override { return "as fp32: " + real_->implementation(); }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) override {
        std::byte* rest = scratch;
        std::array<const std::byte*, 2> in{};
        for (std::size_t i = 0; i < codes_.size(); ++i) {
            codes::dequantize_codes(codes_[i], inputs[i], elements_of(inputs_[i].type()),
                                    reinterpret_cast<float*>(rest));
            in[i] = rest;
            rest += operand_bytes(i);
        }
        // An fp32 result is computed where it stays. For codes the sums need memory, as they are four times as large.
        std::byte* sums = result_ ? rest : outputs[0];
        if (result_) rest += output_bytes();
        const std::array<std::byte*, 1> out{sums};
        real_->execute(std::span(in).first(codes_.size()), out, rest);
        const std::span<float> values(reinterpret_cast<float*>(sums), elements_of(output_.type()));
        const auto* residual = inputs.size() > codes_.size() ? reinterpret_cast<const float*>(inputs.back()) : nullptr;
        // The usual case in one pass over the sums: scale, bias, residual and quantization. An activation needs them
        // apart.
        if (result_ && !function_) {
            return codes::scale_to_codes(values.data(), by_, residual, values.size() / by_.scale.size(), *result_,
                                         outputs[0]);
        }
        scale_values(values, by_, residual);
        if (function_) {
            const std::array<const std::byte*, 1> real{sums};
            function_->execute(real, out, rest);
        }
        if (result_) return codes::quantize_codes(values.data(), values.size(), *result_, outputs[0]);
        if (!clamp_.is_identity()) clamp_values(values.data(), values.size(), clamp_, values.data());
    }

private:
    [[nodiscard]] std::size_t operand_bytes(std::size_t i) const { return aligned(real_->input_layout(i).bytes()); }
    [[nodiscard]] std::size_t output_bytes() const { return aligned(real_->output_layout(0).bytes()); }

    std::unique_ptr<Primitive> real_;
    std::unique_ptr<Primitive> function_;     ///< null if none
    std::vector<codes::CodesOperand> codes_;  ///< with scale 1: whole numbers
    Clamp clamp_;
    std::optional<codes::CodesResult> result_;  ///< empty: real values
    std::vector<Layout> inputs_;
    Layout output_;
    codes::ChannelScales by_;
};

Tensor as_reals(const Tensor& integers) {
    Tensor reals({DType::f32, integers.shape()});
    dequantize_linear(integers.view(), 1.0F, 0, reals.mutable_view().as<float>());
    return reals;
}

}  // namespace

KernelRequest widened(const KernelRequest& request) {
    KernelRequest real;
    real.node = request.node;
    const std::size_t operands = request.weight.values.is_empty() ? 2 : 1;
    for (std::size_t i = 0; i < operands; ++i) {
        real.inputs.push_back({{DType::f32, request.inputs[i].type.shape}, std::nullopt});
    }
    real.outputs = {{{DType::f32, request.outputs[0].type.shape}, std::nullopt}};
    if (!request.weight.values.is_empty()) real.weight.values = as_reals(request.weight.values);
    real.implementation = request.implementation;
    if (!request.bias.is_empty() && request.bias.dtype() == DType::s32) real.bias = as_reals(request.bias);
    return real;
}

std::unique_ptr<Primitive> build_widened(const KernelRequest& request, std::int64_t channels,
                                         const BuildReal& build_real) {
    return std::make_unique<Widened>(request, channels, build_real(widened(request)));
}

}  // namespace halftone::onednn
