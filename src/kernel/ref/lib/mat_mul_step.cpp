#include "kernel/ref/lib/mat_mul_step.hpp"

#include "kernel/ref/lib/conv_loops.hpp"
#include "kernel/ref/lib/gemm_loops.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/weighted_step.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {
namespace {

/// [..., K] x [K, N] + bias [N]. Codes: float(exact sum) * scale[n] + bias[n].
class WeightedProduct final : public WeightedStep {
public:
    explicit WeightedProduct(const KernelRequest& request)
        : WeightedStep(request), inner_(request.weight.values.shape()[0]), columns_(request.weight.values.shape()[1]) {}

protected:
    void compute(std::span<const std::byte* const> inputs, std::span<float> values) const override {
        const TensorView a{input_layout(0).type(), inputs[0]};
        float* y = values.data();
        for (std::int64_t row = 0; row < static_cast<std::int64_t>(values.size()) / columns_; ++row, y += columns_) {
            if (is_quantized()) {
                multiply_codes({{a.type.dtype, Shape{inner_}}, a.data + row * inner_}, y);
            } else {
                multiply_real(a.as<float>().data() + row * inner_, y);
            }
        }
    }

private:
    [[nodiscard]] float added(std::size_t column) const { return has_bias() ? real_bias()[column] : 0.0F; }

    void multiply_codes(TensorView row, float* y) const {
        std::vector<std::int64_t> sums(static_cast<std::size_t>(columns_), 0);
        add_product_codes(row, zero_point(), weight().as<std::int8_t>().data(), sums);
        for (std::size_t n = 0; n < sums.size(); ++n) {
            // The bias is real here (in the file it is an Add behind the product), so it comes after the scale and not
            // into the sum.
            y[n] = requantized(sums[n], 0, scales()[scales().size() == 1 ? 0 : n]) + added(n);
        }
    }

    void multiply_real(const float* row, float* y) const {
        std::vector<double> sums(static_cast<std::size_t>(columns_), 0.0);
        add_product_f32(row, 1, weight().as<float>().data(), inner_, sums);
        for (std::size_t n = 0; n < sums.size(); ++n)
            y[n] = static_cast<float>(sums[n] + static_cast<double>(added(n)));
    }

    std::int64_t inner_;
    std::int64_t columns_;
};

/// Codes times codes: the operands are dequantized and multiplied as the file says, in the operator's own loops.
class CodeProduct final : public FusedStep {
public:
    explicit CodeProduct(const KernelRequest& request)
        : FusedStep(request), node_(*request.node), params_{*request.inputs[0].params, *request.inputs[1].params} {}

protected:
    void compute(std::span<const std::byte* const> inputs, std::span<float> values) const override {
        std::vector<Tensor> real;
        for (std::size_t i = 0; i < 2; ++i) {
            const TensorType& type = input_layout(i).type();
            real.emplace_back(TensorType{DType::f32, type.shape});
            dequantize_linear({type, inputs[i]}, params_[i].scale[0], params_[i].zero_point[0],
                              real.back().mutable_view().as<float>());
        }
        const OpContext op{.node = node_, .inputs = {real[0].type(), real[1].type()}, .constants = {nullptr, nullptr}};
        const std::vector<TensorView> views{real[0].view(), real[1].view()};
        const TensorType out{DType::f32, output_layout(0).type().shape};
        const std::vector<MutableView> outs{{out, reinterpret_cast<std::byte*>(values.data())}};
        // In double and by the operator's own loops, so that DQ … MatMul … Q of the file and this step give the same
        // codes.
        find_ref_op("MatMul")->run(op, views, outs);
    }

private:
    Node node_;
    std::vector<QuantParams> params_;
};

}  // namespace

// A plain product of two fp32 tensors is left to the operator itself; everything with weights or codes is a step.
bool is_mat_mul_step(const KernelRequest& request) {
    return !request.weight.values.is_empty() || request.is_quantized() || request.outputs.at(0).params.has_value();
}

Support supports_mat_mul_step(const KernelRequest& request) {
    if (!request.weight.values.is_empty()) {
        if (request.weight.values.shape().rank() != 2 || request.inputs[0].type.shape.rank() < 2) {
            return Support::no("weights and input must be matrices");
        }
        const std::int64_t columns = request.weight.values.shape()[1];
        if (columns == 0) return Support::no("the weights are empty");
        if (!request.bias.is_empty() && request.bias.elements() != columns) {
            return Support::no("the bias does not have one value for each column");
        }
        return weighted_step_accepts(request, columns);
    }
    // What is fused with weights is not fused here: no model needs it, and each combination would want its own test.
    if (request.inputs.size() != 2 || request.is_fused()) return Support::no("a product of two tensors is not fused");
    if (!is_codes(request.inputs[0]) || !is_codes(request.inputs[1])) {
        return Support::no("both operands are codes, per tensor, or none is");
    }
    if (const Support support = fused_step_accepts(request); !support.is_supported) return support;
    return rule_accepts(request, SeenAs::real);
}

std::unique_ptr<Primitive> build_mat_mul_step(const KernelRequest& request) {
    if (request.weight.values.is_empty()) return std::make_unique<CodeProduct>(request);
    return std::make_unique<WeightedProduct>(request);
}

}  // namespace halftone::ref
