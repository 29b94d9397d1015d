// Source: ONNX operator Pow, opset 15. fp32 to a constant power; squares and roots by their own algorithms.
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

dnnl::eltwise_forward::primitive_desc describe_power(const Layout& layout, float exponent) {
    const dnnl::memory::desc desc = descriptor(layout);
    const auto describe_as = [&](dnnl::algorithm algorithm, float alpha, float beta) {
        return dnnl::eltwise_forward::primitive_desc(cpu_engine(), dnnl::prop_kind::forward_inference, algorithm, desc,
                                                     desc, alpha, beta, plain_attributes());
    };
    // pow() of a vector is a logarithm and an exponential; a square is one multiplication, and is exactly rounded.
    if (exponent == 2.0F) return describe_as(dnnl::algorithm::eltwise_square, 0.0F, 0.0F);
    if (exponent == 0.5F) return describe_as(dnnl::algorithm::eltwise_sqrt, 0.0F, 0.0F);
    return describe_as(dnnl::algorithm::eltwise_pow, 1.0F, exponent);
}

class PowOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
        if (request.constants.size() != 2 || request.constants[1].elements() != 1 ||
            request.constants[1].dtype() != DType::f32) {
            return Support::no("the power is not one fp32 constant");
        }
        if (request.inputs[0].type != request.outputs[0].type || request.inputs[0].type.shape.elements() == 0) {
            return Support::no("the power changes the shape");
        }
        return attempt("this power", [&] {
            return describe_power(Layout(request.inputs[0].type), request.constants[1].as<float>()[0]);
        });
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
            apply_kernel_threads();
            // Each element is computed alone, so any dense layout will do, and the one that is there needs no reorder.
            const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
            const auto descriptor = describe_power(layout, request.constants[1].as<float>()[0]);
            StepParts parts{.inputs = {{layout, DNNL_ARG_SRC, {}}},
                            .outputs = {{layout, DNNL_ARG_DST, {}}},
                            .constants = {},
                            .in_place_input = 0};
            return std::make_unique<Step>(dnnl::eltwise_forward(descriptor), descriptor, std::move(parts));
        });
    }
};

}  // namespace

const FastOp& pow_op() {
    static const PowOp op;
    return op;
}

}  // namespace halftone::onednn
