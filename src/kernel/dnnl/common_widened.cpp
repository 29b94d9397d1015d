#include "kernel/dnnl/common_widened.hpp"

#include <algorithm>
#include <array>

#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_loops.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"
#include "kernel/machine.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t elements_of(const TensorType& type) { return static_cast<std::size_t>(type.shape.elements()); }

/// What follows the exact sum: v = sum * scale[c] + bias[c] + residual; then the function, clamp, quantize.
struct Finish {
    std::vector<float> scales;  ///< by channel
    std::vector<float> bias;    ///< real, by channel (MatMul); empty if none
    Clamp clamp;

    void scale(std::span<float> values, const float* residual) const {
        const std::size_t channels = scales.size();
        for (std::size_t row = 0; row < values.size(); row += channels) {
            float* v = values.data() + row;
            for (std::size_t c = 0; c < channels; ++c) v[c] *= scales[c];
            if (!bias.empty()) {
                for (std::size_t c = 0; c < channels; ++c) v[c] += bias[c];
            }
            if (residual != nullptr) {
                for (std::size_t c = 0; c < channels; ++c) v[c] += residual[row + c];
            }
        }
    }
};

/// The request's activation as a step of its own over the real output.
std::unique_ptr<Primitive> build_function(const KernelRequest& request, const Layout& output) {
    if (request.activation == nullptr) return nullptr;
    const Port port{output.type(), std::nullopt};
    const KernelRequest function{.node = request.activation, .inputs = {port}, .outputs = {port}};
    return find_dnnl_op(request.activation->op)->build(function, {.weights = nullptr, .available = {output}});
}

class Widened final : public Primitive {
public:
    Widened(const KernelRequest& request, std::int64_t channels, std::unique_ptr<Primitive> real)
        : real_(std::move(real)),
          function_(build_function(request, real_->output_layout(0))),
          zero_point_(request.inputs[0].params->zero_point[0]),
          output_params_(request.outputs[0].params),
          output_(with_dtype(real_->output_layout(0), request.outputs[0].type.dtype)) {
        inputs_.push_back(with_dtype(real_->input_layout(0), request.inputs[0].type.dtype));
        if (request.has_residual) inputs_.push_back(output_);
        const std::vector<float>& weights = request.weight_params->scale;
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
            finish_.scales.push_back(request.inputs[0].params->scale[0] * weights[weights.size() == 1 ? 0 : c]);
        }
        if (!request.bias.is_empty() && request.bias.dtype() == DType::f32) {
            finish_.bias.assign(request.bias.as<float>().begin(), request.bias.as<float>().end());
        }
        finish_.clamp = request.clamp;
    }

    [[nodiscard]] const Layout& input_layout(std::size_t i) const override { return inputs_.at(i); }
    [[nodiscard]] const Layout& output_layout(std::size_t /*i*/) const override { return output_; }
    [[nodiscard]] std::size_t scratch_bytes() const override {
        const std::size_t inner = std::max(real_->scratch_bytes(), function_ ? function_->scratch_bytes() : 0);
        return input_bytes() + (output_params_ ? output_bytes() : 0) + inner;
    }
    [[nodiscard]] std::string implementation() const override { return "as fp32: " + real_->implementation(); }

    void execute(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                 std::byte* scratch) const override {
        const TensorType& codes = inputs_[0].type();
        dequantize_linear({codes, inputs[0]}, 1.0F, zero_point_,
                          {reinterpret_cast<float*>(scratch), elements_of(codes)});
        std::byte* rest = scratch + input_bytes();
        std::byte* sums = output_params_ ? rest : outputs[0];
        if (output_params_) rest += output_bytes();
        const std::array<const std::byte*, 1> in{scratch};
        const std::array<std::byte*, 1> out{sums};
        real_->execute(in, out, rest);
        const std::span<float> values(reinterpret_cast<float*>(sums), elements_of(output_.type()));
        finish_.scale(values, inputs.size() > 1 ? reinterpret_cast<const float*>(inputs[1]) : nullptr);
        if (function_) {
            const std::array<const std::byte*, 1> real{sums};
            function_->execute(real, out, rest);
        }
        if (!finish_.clamp.is_identity()) clamp_values(values.data(), values.size(), finish_.clamp, values.data());
        if (output_params_) {
            quantize_linear(values, output_params_->scale[0], output_params_->zero_point[0],
                            {output_.type(), outputs[0]});
        }
    }

private:
    [[nodiscard]] std::size_t input_bytes() const { return aligned(real_->input_layout(0).bytes()); }
    [[nodiscard]] std::size_t output_bytes() const { return aligned(real_->output_layout(0).bytes()); }

    std::unique_ptr<Primitive> real_;
    std::unique_ptr<Primitive> function_;  ///< null if none
    std::int32_t zero_point_;
    std::optional<QuantParams> output_params_;
    std::vector<Layout> inputs_;
    Layout output_;
    Finish finish_;
};

Tensor as_reals(const Tensor& integers) {
    Tensor reals({DType::f32, integers.shape()});
    dequantize_linear(integers.view(), 1.0F, 0, reals.mutable_view().as<float>());
    return reals;
}

/// Weights of reduced range. With int8 inputs oneDNN would halve the weights instead.
bool fits_16_bits(const KernelRequest& request) {
    return request.inputs[0].params->dtype == DType::u8 && request.weight.dtype() == DType::s8 &&
           pairs_fit_16_bits(request.weight);
}

}  // namespace

bool needs_widening(const KernelRequest& request) {
    return request.is_quantized() && !has_exact_int8() && !fits_16_bits(request);
}

KernelRequest widened(const KernelRequest& request) {
    KernelRequest real;
    real.node = request.node;
    real.inputs = {{{DType::f32, request.inputs[0].type.shape}, std::nullopt}};
    real.outputs = {{{DType::f32, request.outputs[0].type.shape}, std::nullopt}};
    real.weight = as_reals(request.weight);
    real.implementation = request.implementation;
    if (!request.bias.is_empty() && request.bias.dtype() == DType::s32) real.bias = as_reals(request.bias);
    return real;
}

std::unique_ptr<Primitive> build_widened(const KernelRequest& request, std::int64_t channels,
                                         const BuildReal& build_real) {
    return std::make_unique<Widened>(request, channels, build_real(widened(request)));
}

}  // namespace halftone::onednn
