#include "kernel/dnnl/lib/eltwise.hpp"

#include <set>

#include "kernel/dnnl/lib/clamp_values.hpp"
#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"
#include "kernel/dnnl/lib/step.hpp"

namespace halftone::onednn {
namespace {

dnnl::eltwise_forward::primitive_desc describe_eltwise(const Node& node, const Layout& layout) {
    const Eltwise eltwise = *eltwise_of(node);
    const dnnl::memory::desc desc = descriptor(layout);
    return {cpu_engine(),
            dnnl::prop_kind::forward_inference,
            eltwise.algorithm,
            desc,
            desc,
            eltwise.alpha,
            eltwise.beta,
            plain_attributes()};
}

}  // namespace

std::optional<Eltwise> eltwise_of(const Node& node) {
    using dnnl::algorithm;
    if (node.op == "Abs") return Eltwise{algorithm::eltwise_abs};
    if (node.op == "Elu") return Eltwise{algorithm::eltwise_elu, float_attribute(node, "alpha", 1.0F)};
    if (node.op == "Exp") return Eltwise{algorithm::eltwise_exp};
    if (node.op == "HardSigmoid") {
        return Eltwise{algorithm::eltwise_hardsigmoid, float_attribute(node, "alpha", 0.2F),
                       float_attribute(node, "beta", 0.5F)};
    }
    // ONNX fixes its alpha and beta: x * max(0, min(1, x / 6 + 1 / 2)).
    if (node.op == "HardSwish") return Eltwise{algorithm::eltwise_hardswish, 1.0F / 6.0F, 0.5F};
    if (node.op == "LeakyRelu") return Eltwise{algorithm::eltwise_relu, float_attribute(node, "alpha", 0.01F)};
    if (node.op == "Sigmoid") return Eltwise{algorithm::eltwise_logistic};
    if (node.op == "Sqrt") return Eltwise{algorithm::eltwise_sqrt};
    if (node.op == "Swish") return Eltwise{algorithm::eltwise_swish, float_attribute(node, "alpha", 1.0F)};
    if (node.op == "Tanh") return Eltwise{algorithm::eltwise_tanh};
    if (node.op == "Gelu") {
        // The two forms differ by almost 5e-4, so the attribute must not be ignored.
        const bool is_tanh = string_attribute(node, "approximate", "none") == "tanh";
        return Eltwise{is_tanh ? algorithm::eltwise_gelu_tanh : algorithm::eltwise_gelu_erf};
    }
    return std::nullopt;
}

bool function_loses_nan(const Node& node) {
    // Their vector code bounds the argument of an exponential by max and min, which lose NaN (dnnl/README.md).
    // Products with x, as in Swish and Gelu, bring it back. Gelu's code for AVX-512 makes NaN of infinity: it adds up a
    // polynomial of x.
    static const std::set<std::string> functions{"Elu", "Exp", "Gelu", "HardSigmoid", "Sigmoid", "Tanh"};
    return functions.contains(node.op);
}

bool EltwiseOp::loses_nan(const KernelRequest& request) const { return function_loses_nan(*request.node); }

Support EltwiseOp::accepts(const KernelRequest& request) const {
    if (const Support unary = check_f32_unary(request); !unary.is_supported) return unary;
    if (request.inputs[0].type.shape.elements() == 0) return Support::no("the tensor is empty");
    return attempt("this function", [&] { return describe_eltwise(*request.node, Layout(request.inputs[0].type)); });
}

std::unique_ptr<Primitive> EltwiseOp::build(const KernelRequest& request, const BuildContext& context) const {
    return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
        apply_kernel_threads();
        // Any dense order will do, as the function looks at one element at a time.
        const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
        const auto descriptor = describe_eltwise(*request.node, layout);
        StepParts parts{.inputs = {{layout, DNNL_ARG_SRC, {}}},
                        .outputs = {{layout, DNNL_ARG_DST, {}}},
                        .constants = {},
                        .in_place_input = 0};
        return std::make_unique<Step>(dnnl::eltwise_forward(descriptor), descriptor, std::move(parts));
    });
}

// A loop of our own, because NaN must stay NaN and the upper bound must win, whatever the instruction set.
std::unique_ptr<Primitive> build_clamp(const KernelRequest& request, const BuildContext& context, Clamp clamp) {
    const Layout layout = dense_layout(request.inputs[0].type, context.available, 0);
    const auto elements = static_cast<std::size_t>(layout.type().shape.elements());
    const auto body = [elements, clamp](auto inputs, auto outputs) {
        clamp_values(reinterpret_cast<const float*>(inputs[0]), elements, clamp, reinterpret_cast<float*>(outputs[0]));
    };
    return std::make_unique<LoopStep>("clamp", std::vector{layout}, layout, body, 0);
}

}  // namespace halftone::onednn
