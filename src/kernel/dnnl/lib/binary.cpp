#include "kernel/dnnl/lib/binary.hpp"

#include "kernel/dnnl/lib/engine.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/layout.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

bool commutes(dnnl::algorithm algorithm) {
    return algorithm != dnnl::algorithm::binary_sub && algorithm != dnnl::algorithm::binary_div;
}

/// An fp32 operand: input port `port`, or a constant (then `port` is -1).
struct Operand {
    int port = -1;
    Tensor constant;
    TensorType type;
};

/// `is_commutative`: the whole operand may be the second one, too.
std::vector<Operand> operands_of(const KernelRequest& request, bool is_commutative) {
    std::vector<Operand> operands;
    int port = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        if (i < request.constants.size() && !request.constants[i].is_empty()) {
            operands.push_back({-1, request.constants[i], request.constants[i].type()});
        } else if (static_cast<std::size_t>(port) < request.inputs.size()) {
            operands.push_back({port, {}, request.inputs[static_cast<std::size_t>(port)].type});
            ++port;
        }
    }
    // oneDNN broadcasts the second operand only.
    const TensorType& output = request.outputs[0].type;
    const auto is_whole = [&](const Operand& o) { return o.port >= 0 && o.type == output; };
    // Add and Mul may exchange their operands without a change of the result, even in floats; Sub and Div may not.
    if (is_commutative && operands.size() == 2 && !is_whole(operands[0]) && is_whole(operands[1]))
        std::swap(operands[0], operands[1]);
    return operands;
}

/// Row-major, with leading dimensions of 1 up to `rank`.
memory::desc extended(const TensorType& type, std::size_t rank) {
    memory::dims dims = type.shape.dims();
    dims.insert(dims.begin(), std::max<std::size_t>(rank, 1) - dims.size(), 1);
    return row_major(dims, to_dnnl(type.dtype));
}

struct BinaryPlan {
    Operand whole;
    Operand other;
    Layout layout;  // of `whole` and the output
    memory::desc other_desc;
    bool is_other_whole;
};

/// The whole operand decides the layout, because the output has its shape and may take its buffer.
BinaryPlan plan_binary(const KernelRequest& request, const BuildContext& context, bool is_commutative) {
    std::vector<Operand> operands = operands_of(request, is_commutative);
    const TensorType& output = request.outputs[0].type;
    const Layout layout = dense_layout(output, context.available, static_cast<std::size_t>(operands[0].port));
    const bool is_whole = operands[1].type == output && operands[1].port >= 0;
    const memory::desc other = is_whole ? descriptor(layout) : extended(operands[1].type, output.shape.rank());
    return {std::move(operands[0]), std::move(operands[1]), layout, other, is_whole};
}

dnnl::binary::primitive_desc describe_binary(const KernelRequest& request, const BinaryPlan& plan,
                                             dnnl::algorithm algorithm) {
    dnnl::primitive_attr attributes = plain_attributes();
    dnnl::post_ops post_ops;
    // The clamp runs on the result while it is in a register; a step of its own would read and write the tensor once
    // more.
    append_clamp(post_ops, request.epilogue.clamp);
    attributes.set_post_ops(post_ops);
    const memory::desc whole = descriptor(plan.layout);
    return {cpu_engine(), algorithm, whole, plan.other_desc, whole, attributes};
}

}  // namespace

Support supports_binary(const KernelRequest& request, dnnl::algorithm algorithm) {
    const bool is_commutative = commutes(algorithm);
    const std::vector<Operand> operands = operands_of(request, is_commutative);
    if (operands.size() != 2) return Support::no("two operands are needed");
    for (const Operand& operand : operands) {
        if (operand.type.dtype != DType::f32) return Support::no("both operands are fp32, or both are codes");
    }
    if (request.outputs[0].params || request.outputs[0].type.dtype != DType::f32) {
        return Support::no("the result of fp32 operands is fp32");
    }
    if (operands[0].port < 0 || operands[0].type != request.outputs[0].type) {
        return Support::no("the first operand does not have the shape of the result");
    }
    // The context is unknown when the question is asked. It decides the layout only, and any dense layout is as good.
    return attempt("this operation",
                   [&] { return describe_binary(request, plan_binary(request, {}, is_commutative), algorithm); });
}

std::unique_ptr<Primitive> build_binary(const KernelRequest& request, const BuildContext& context,
                                        dnnl::algorithm algorithm) {
    return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
        apply_kernel_threads();
        const BinaryPlan plan = plan_binary(request, context, commutes(algorithm));
        const auto descriptor = describe_binary(request, plan, algorithm);
        StepParts parts{.inputs = {{plan.layout, DNNL_ARG_SRC_0, {}}},
                        .outputs = {{plan.layout, DNNL_ARG_DST, {}}},
                        .constants = {},
                        .in_place_input = plan.whole.port};
        // A constant operand becomes part of the step, which so has one input less.
        if (plan.other.port < 0) {
            // In memory of its own, because the graph may be gone before the session is.
            memory constant(plan.other_desc, cpu_engine());
            const auto values = plan.other.constant.as<float>();
            std::copy(values.begin(), values.end(), static_cast<float*>(constant.get_data_handle()));
            parts.constants.emplace_back(DNNL_ARG_SRC_1, constant);
        } else {
            const Slot slot{plan.is_other_whole ? plan.layout : Layout(plan.other.type), DNNL_ARG_SRC_1};
            // Ports keep the order of the node, whichever operand is the first for oneDNN.
            parts.inputs.insert(parts.inputs.begin() + plan.other.port, slot);
        }
        return std::make_unique<Step>(dnnl::binary(descriptor), descriptor, std::move(parts));
    });
}

Support BinaryOp::accepts(const KernelRequest& request) const {
    if (request.is_fused()) return Support::no("the op fuses nothing");
    for (const OperandEncoding& port : request.inputs) {
        if (port.params) return Support::no("fp32 only");
    }
    return supports_binary(request, algorithm_);
}

std::unique_ptr<Primitive> BinaryOp::build(const KernelRequest& request, const BuildContext& context) const {
    return build_binary(request, context, algorithm_);
}

}  // namespace halftone::onednn
