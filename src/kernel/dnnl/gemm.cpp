// Source: ONNX operator Gemm, opset 13: y = alpha * x * w + beta * bias. A oneDNN matmul over row-major matrices.
// alpha goes into the weights (fp32) or their scales (int8), beta into the bias.
#include "kernel/dnnl/common_choice.hpp"
#include "kernel/dnnl/common_engine.hpp"
#include "kernel/dnnl/common_fusion.hpp"
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_weights.hpp"
#include "kernel/dnnl/common_widened.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

constexpr int kColumnMask = 2;  // scales vary along dimension 1 of [K, N]

bool is_weight_transposed(const KernelRequest& request) { return int_attribute(*request.node, "transB", 0) != 0; }
float alpha_of(const KernelRequest& request) { return float_attribute(*request.node, "alpha", 1.0F); }

std::int64_t columns(const KernelRequest& request) { return request.outputs[0].type.shape[1]; }
memory::dims weight_dims(const KernelRequest& request) { return {request.inputs[0].type.shape[1], columns(request)}; }

/// [K, N] over the tensor's bytes.
memory::desc weights_as_given(const KernelRequest& request) {
    const memory::dims dims = weight_dims(request);
    const memory::data_type type = to_dnnl(request.weight.dtype());
    return is_weight_transposed(request) ? memory::desc(dims, type, memory::format_tag::ba) : row_major(dims, type);
}

Tensor scaled_weight(const KernelRequest& request) {
    const float alpha = alpha_of(request);
    if (request.is_quantized() || alpha == 1.0F) return request.weight;
    Tensor scaled = request.weight.clone();
    for (float& w : scaled.mutable_view().as<float>()) w *= alpha;
    return scaled;
}

Support check_gemm(const KernelRequest& request) {
    if (request.weight.is_empty()) return Support::no("the weights are not constant");
    if (int_attribute(*request.node, "transA", 0) != 0) return Support::no("transA is not supported");
    const Shape& input = request.inputs[0].type.shape;
    if (input.rank() != 2 || request.weight.shape().rank() != 2 || request.outputs[0].type.shape.rank() != 2) {
        return Support::no("matrices only");
    }
    if (!request.bias.is_empty()) {
        const Shape& shape = request.bias.shape();
        const bool is_row = shape == Shape{columns(request)} || shape == Shape{1, columns(request)};
        if (!is_row && request.bias.elements() != 1) {
            return Support::no("the bias " + shape.to_text() + " is not one row");
        }
    }
    return check_fused(request, columns(request), is_weight_transposed(request) ? 0 : 1);
}

dnnl::matmul::primitive_desc describe_gemm(const KernelRequest& request, const Fusion& fusion) {
    const memory::desc weights(weight_dims(request), stored_weight_type(request), memory::format_tag::any);
    const memory::desc bias =
        request.bias.is_empty() ? memory::desc() : row_major({1, columns(request)}, memory::data_type::f32);
    const dnnl::matmul::primitive_desc first{
        cpu_engine(), row_major(stored_type(request, request.inputs[0])),  weights,
        bias,         row_major(stored_type(request, request.outputs[0])), fusion.attributes};
    return chosen(first, request.implementation);
}

/// As it is computed on this machine.
dnnl::matmul::primitive_desc describe_here(const KernelRequest& request) {
    const KernelRequest real = needs_widening(request) ? widened(request) : request;
    return describe_gemm(real, fuse(real, kColumnMask, columns(real), alpha_of(real)));
}

/// oneDNN counts the bias of a matmul as a matrix of one row.
memory bias_row(const KernelRequest& request) {
    const float beta = float_attribute(*request.node, "beta", 1.0F);
    const std::vector<float> values = real_bias(request, columns(request), beta);
    memory row(row_major({1, columns(request)}, memory::data_type::f32), cpu_engine());
    std::copy(values.begin(), values.end(), static_cast<float*>(row.get_data_handle()));
    return row;
}

class GemmOp final : public DnnlOp {
public:
    std::string_view type() const override { return "Gemm"; }

    Support accepts(const KernelRequest& request) const override {
        if (const Support support = check_gemm(request); !support.is_supported) return support;
        return attempt("this matrix product", [&] { return describe_here(request); });
    }

    std::vector<std::string> implementations(const KernelRequest& request) const override {
        return checked(describe(*request.node), [&] { return names_of(describe_here(request)); });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            if (needs_widening(request)) {
                return build_widened(request, columns(request),
                                     [&](const KernelRequest& real) { return build(real, context); });
            }
            const Fusion fusion = fuse(request, kColumnMask, columns(request), alpha_of(request));
            const auto descriptor = describe_gemm(request, fusion);
            const Layout output(stored_type(request, request.outputs[0]));
            StepParts parts{.inputs = {{Layout(stored_type(request, request.inputs[0])), DNNL_ARG_SRC}},
                            .outputs = {{output, DNNL_ARG_DST}},
                            .constants = fusion.arguments};
            if (request.has_residual) {
                parts.inputs.push_back({output, Slot::kCopiedToOutput});
                parts.in_place_input = 1;
            }
            parts.constants.emplace_back(DNNL_ARG_WEIGHTS, pack(context.weights, scaled_weight(request),
                                                                weights_as_given(request), descriptor.weights_desc()));
            if (!request.bias.is_empty()) parts.constants.emplace_back(DNNL_ARG_BIAS, bias_row(request));
            return std::make_unique<Step>(dnnl::matmul(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const DnnlOp& gemm_op() {
    static const GemmOp op;
    return op;
}

}  // namespace halftone::onednn
