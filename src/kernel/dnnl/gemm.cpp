// Source: ONNX operator Gemm, opset 13: y = alpha * x * w + beta * bias. A oneDNN matmul over row-major matrices.
// alpha goes into the weights (fp32) or their scales (int8), beta into the bias.
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/product.hpp"
#include "kernel/dnnl/lib/widened.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

bool is_weight_transposed(const KernelRequest& request) { return int_attribute(*request.node, "transB", 0) != 0; }
float alpha_of(const KernelRequest& request) { return float_attribute(*request.node, "alpha", 1.0F); }

std::int64_t columns(const KernelRequest& request) { return request.outputs[0].type.shape[1]; }
Tensor scaled_weight(const KernelRequest& request) {
    const float alpha = alpha_of(request);
    // Codes cannot be multiplied by alpha and stay codes: for int8 it goes into the scales (Product::factor).
    if (request.is_quantized() || alpha == 1.0F) return request.weight.values;
    Tensor scaled = request.weight.values.clone();
    for (float& w : scaled.mutable_view().as<float>()) w *= alpha;
    return scaled;
}

Support check_gemm(const KernelRequest& request) {
    if (request.weight.values.is_empty()) return Support::no("the weights are not constant");
    if (int_attribute(*request.node, "transA", 0) != 0) return Support::no("transA is not supported");
    const Shape& input = request.inputs[0].type.shape;
    if (input.rank() != 2 || request.weight.values.shape().rank() != 2 || request.outputs[0].type.shape.rank() != 2) {
        return Support::no("matrices only");
    }
    if (!request.bias.is_empty()) {
        const Shape& shape = request.bias.shape();
        // oneDNN adds one row to all rows. A bias for each row, or for each element, is left to ref.
        const bool is_row = shape == Shape{columns(request)} || shape == Shape{1, columns(request)};
        if (!is_row && request.bias.elements() != 1) {
            return Support::no("the bias " + shape.to_text() + " is not one row");
        }
    }
    return check_fused(request, columns(request), is_weight_transposed(request) ? 0 : 1);
}

Product gemm_product(const KernelRequest& request) {
    Product product{.request = request,
                    .columns = columns(request),
                    .weights = scaled_weight(request),
                    .is_transposed = is_weight_transposed(request),
                    .factor = alpha_of(request),
                    .bias = {}};
    if (!request.bias.is_empty()) {
        // The bias is finished here once, in real values and times beta, because oneDNN adds it after the scales.
        product.bias = real_bias(request, product.columns, float_attribute(*request.node, "beta", 1.0F));
    }
    return product;
}

class GemmOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support support = check_gemm(request); !support.is_supported) return support;
        return as_computed(request, [](const KernelRequest& real) { return check_product(gemm_product(real)); });
    }

    bool loses_nan(const KernelRequest& request) const override { return epilogue_loses_nan(request); }

    std::vector<std::string> implementations(const KernelRequest& request) const override {
        return as_computed(request,
                           [](const KernelRequest& real) { return product_implementations(gemm_product(real)); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const auto build_here = [&](const KernelRequest& real) {
                return build_product(gemm_product(real), context);
            };
            // Where the machine would saturate, the same product runs on the codes as whole numbers in fp32.
            if (!needs_widening(request)) return build_here(request);
            return build_widened(request, columns(request), build_here);
        });
    }
};

}  // namespace

const FastOp& gemm_op() {
    static const GemmOp op;
    return op;
}

}  // namespace halftone::onednn
