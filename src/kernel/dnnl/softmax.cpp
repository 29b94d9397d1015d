// Source: ONNX operator Softmax, opset 13. fp32, one axis.
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

dnnl::softmax_forward::primitive_desc describe_softmax(const KernelRequest& request, const Layout& layout) {
    const auto rank = static_cast<std::int64_t>(layout.type().shape.rank());
    const std::int64_t axis = int_attribute(*request.node, "axis", -1);
    const dnnl::memory::desc desc = descriptor(layout);
    return {cpu_engine(), dnnl::prop_kind::forward_inference,
            // Accurate: with the largest element taken out, as the reference does.
            dnnl::algorithm::softmax_accurate, desc, desc, static_cast<int>(axis < 0 ? axis + rank : axis),
            plain_attributes()};
}

class SoftmaxOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        if (request.inputs[0].type.shape.rank() == 0) return Support::no("a scalar has no axis");
        return attempt("this softmax", [&] { return describe_softmax(request, Layout(request.inputs[0].type)); });
    }

    /// Neither the search for the largest element nor the exponential keeps NaN.
    bool loses_nan(const KernelRequest& /*request*/) const override { return true; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            // Any dense layout: the axis is named by its number, and oneDNN knows where its elements lie.
            const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
            const auto descriptor = describe_softmax(request, layout);
            StepParts parts{.inputs = {{layout, DNNL_ARG_SRC}},
                            .outputs = {{layout, DNNL_ARG_DST}},
                            .constants = {},
                            .in_place_input = 0};
            return std::make_unique<Step>(dnnl::softmax_forward(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& softmax_op() {
    static const SoftmaxOp op;
    return op;
}

}  // namespace halftone::onednn
