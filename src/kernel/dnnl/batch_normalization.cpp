// Source: ONNX operator BatchNormalization, opset 15, inference. fp32 with constant statistics; only where it could not
// be folded into a Conv. A Relu behind it is part of the primitive.
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

/// The only thing that the primitive takes along.
bool has_relu(const KernelRequest& request) { return request.epilogue.clamp == Clamp{.low = 0.0F}; }

dnnl::batch_normalization_forward::primitive_desc describe_normalization(const KernelRequest& request,
                                                                         const Layout& layout) {
    using Flags = dnnl::normalization_flags;
    const dnnl::memory::desc desc = descriptor(layout);
    return {cpu_engine(), dnnl::prop_kind::forward_inference, desc, desc,
            float_attribute(*request.node, "epsilon", 1.0e-5F),
            // Global statistics: mean and variance are inputs, not those of the batch, which is what inference means.
            Flags::use_global_stats | Flags::use_scale | Flags::use_shift |
                (has_relu(request) ? Flags::fuse_norm_relu : Flags::none),
            plain_attributes()};
}

class BatchNormalizationOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        KernelRequest alone = request;
        // What remains of the request when the Relu is taken away must be fused with nothing.
        if (has_relu(request)) alone.epilogue.clamp = {};
        if (const Support unary = check_f32_unary(alone); !unary.is_supported) return unary;
        if (int_attribute(*request.node, "training_mode", 0) != 0) return Support::no("training_mode is not supported");
        const Shape& shape = request.inputs[0].type.shape;
        if (shape.rank() < 2 || request.constants.size() != 5) return Support::no("the statistics are not constant");
        for (std::size_t i = 1; i < 5; ++i) {
            const Tensor& constant = request.constants[i];
            if (constant.is_empty() || constant.dtype() != DType::f32 || constant.elements() != shape[1]) {
                return Support::no("the statistics are not one fp32 number for each channel");
            }
        }
        return attempt("this normalization",
                       [&] { return describe_normalization(request, dense_layout(request.inputs[0].type, {}, 0)); });
    }

    bool loses_nan(const KernelRequest& request) const override { return has_relu(request); }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
            const auto descriptor = describe_normalization(request, layout);
            StepParts parts{.inputs = {{layout, DNNL_ARG_SRC}},
                            .outputs = {{layout, DNNL_ARG_DST}},
                            .constants = {},
                            .in_place_input = 0};
            // ONNX's inputs 1 to 4 are scale, B, mean and variance, in this order.
            constexpr int kArguments[] = {DNNL_ARG_SCALE, DNNL_ARG_SHIFT, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE};
            for (std::size_t i = 0; i < 4; ++i) {
                parts.constants.emplace_back(kArguments[i], constant_memory(request.constants[i + 1].as<float>()));
            }
            return std::make_unique<Step>(dnnl::batch_normalization_forward(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& batch_normalization_op() {
    static const BatchNormalizationOp op;
    return op;
}

}  // namespace halftone::onednn
