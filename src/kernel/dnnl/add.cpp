// Source: ONNX operator Add, opset 13, with a fused clamp. fp32 by oneDNN's binary primitive (one operand may be
// broadcast or constant); codes by our own loop, in real numbers and quantized once.
#include "kernel/dnnl/common_engine.hpp"
#include "kernel/dnnl/common_fusion.hpp"
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_loops.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"

namespace halftone::onednn {
namespace {

using dnnl::memory;

/// An fp32 operand: input port `port`, or a constant (then `port` is -1).
struct Operand {
    int port = -1;
    Tensor constant;
    TensorType type;
};

std::vector<Operand> operands_of(const KernelRequest& request) {
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
    // The sum is the same either way round; oneDNN broadcasts the second operand only.
    const TensorType& output = request.outputs[0].type;
    const auto is_whole = [&](const Operand& o) { return o.port >= 0 && o.type == output; };
    if (operands.size() == 2 && !is_whole(operands[0]) && is_whole(operands[1])) std::swap(operands[0], operands[1]);
    return operands;
}

/// Row-major, with leading dimensions of 1 up to `rank`.
memory::desc extended(const TensorType& type, std::size_t rank) {
    memory::dims dims = type.shape.dims();
    dims.insert(dims.begin(), std::max<std::size_t>(rank, 1) - dims.size(), 1);
    return row_major(dims, to_dnnl(type.dtype));
}

struct AddPlan {
    Operand whole;
    Operand other;
    Layout layout;  // of `whole` and the output
    memory::desc other_desc;
    bool is_other_whole;
};

AddPlan plan_add(const KernelRequest& request, const BuildContext& context) {
    std::vector<Operand> operands = operands_of(request);
    const TensorType& output = request.outputs[0].type;
    const Layout layout = dense_layout(output, context.available, static_cast<std::size_t>(operands[0].port));
    const bool is_whole = operands[1].type == output && operands[1].port >= 0;
    const memory::desc other = is_whole ? descriptor(layout) : extended(operands[1].type, output.shape.rank());
    return {std::move(operands[0]), std::move(operands[1]), layout, other, is_whole};
}

dnnl::binary::primitive_desc describe_add(const KernelRequest& request, const AddPlan& plan) {
    dnnl::primitive_attr attributes = plain_attributes();
    dnnl::post_ops post_ops;
    append_clamp(post_ops, request.clamp);
    attributes.set_post_ops(post_ops);
    const memory::desc whole = descriptor(plan.layout);
    return {cpu_engine(), dnnl::algorithm::binary_add, whole, plan.other_desc, whole, attributes};
}

Support supports_f32(const KernelRequest& request) {
    const std::vector<Operand> operands = operands_of(request);
    if (operands.size() != 2) return Support::no("two operands are needed");
    for (const Operand& operand : operands) {
        if (operand.type.dtype != DType::f32) return Support::no("both operands are fp32, or both are codes");
    }
    if (request.outputs[0].params || request.outputs[0].type.dtype != DType::f32) {
        return Support::no("the sum of fp32 operands is fp32");
    }
    if (operands[0].port < 0 || operands[0].type != request.outputs[0].type) {
        return Support::no("no operand has the shape of the sum");
    }
    return attempt("this addition", [&] { return describe_add(request, plan_add(request, {})); });
}

std::unique_ptr<Primitive> build_f32(const KernelRequest& request, const BuildContext& context) {
    return checked(describe(*request.node), [&]() -> std::unique_ptr<Primitive> {
        apply_kernel_threads();
        const AddPlan plan = plan_add(request, context);
        const auto descriptor = describe_add(request, plan);
        StepParts parts{.inputs = {{plan.layout, DNNL_ARG_SRC_0}},
                        .outputs = {{plan.layout, DNNL_ARG_DST}},
                        .constants = {},
                        .in_place_input = plan.whole.port};
        if (plan.other.port < 0) {
            memory constant(plan.other_desc, cpu_engine());
            const auto values = plan.other.constant.as<float>();
            std::copy(values.begin(), values.end(), static_cast<float*>(constant.get_data_handle()));
            parts.constants.emplace_back(DNNL_ARG_SRC_1, constant);
        } else {
            const Slot slot{plan.is_other_whole ? plan.layout : Layout(plan.other.type), DNNL_ARG_SRC_1};
            parts.inputs.insert(parts.inputs.begin() + plan.other.port, slot);
        }
        return std::make_unique<Step>(dnnl::binary(descriptor), descriptor, std::move(parts));
    });
}

bool is_codes(const Port& port) {
    return port.params && port.params->is_per_tensor() && port.params->dtype == port.type.dtype &&
           (port.type.dtype == DType::u8 || port.type.dtype == DType::s8);
}

Codes codes_of(const Port& port) {
    if (!port.params) return {.dtype = DType::f32};
    return {port.type.dtype, port.params->scale[0], port.params->zero_point[0]};
}

Support supports_codes(const KernelRequest& request) {
    if (request.inputs.size() != 2) return Support::no("codes are added to codes, not to a constant");
    if (!is_codes(request.inputs[0]) || !is_codes(request.inputs[1])) {
        return Support::no("both operands are codes with per-tensor parameters, or none");
    }
    constexpr float kLargestScale = 1.0e30F;  // no sum is infinite or NaN
    for (const Port& port : request.inputs) {
        if (port.params->scale[0] > kLargestScale) return Support::no("a scale is above 1e30");
    }
    const Port& output = request.outputs[0];
    if (!is_codes(output) && (output.params || output.type.dtype != DType::f32)) {
        return Support::no("the sum of codes is uint8 or int8 codes, per tensor, or fp32");
    }
    if (request.inputs[0].type.shape != output.type.shape || request.inputs[1].type.shape != output.type.shape) {
        return Support::no("codes are not broadcast");
    }
    return Support::yes();
}

std::unique_ptr<Primitive> build_codes(const KernelRequest& request, const BuildContext& context) {
    const Port& a = request.inputs[0];
    const Port& b = request.inputs[1];
    const Port& y = request.outputs[0];
    const Layout layout = dense_layout(a.type, context.available, 0);
    const auto elements = static_cast<std::size_t>(a.type.shape.elements());
    const auto body = [a = codes_of(a), b = codes_of(b), y = codes_of(y), elements, clamp = request.clamp](
                          auto inputs, auto outputs) {
        add_codes(inputs[0], a, inputs[1], b, elements, clamp, outputs[0], y);
    };
    const int in_place = a.type == y.type ? 0 : b.type == y.type ? 1 : -1;
    return std::make_unique<LoopStep>("add_codes", std::vector{layout, with_dtype(layout, b.type.dtype)},
                                      with_dtype(layout, y.type.dtype), body, in_place);
}

class AddOp final : public DnnlOp {
public:
    std::string_view type() const override { return "Add"; }

    Support accepts(const KernelRequest& request) const override {
        if (request.has_residual) return Support::no("an Add has no residual");
        return request.is_quantized() ? supports_codes(request) : supports_f32(request);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return request.is_quantized() ? build_codes(request, context) : build_f32(request, context);
    }
};

}  // namespace

const DnnlOp& add_op() {
    static const AddOp op;
    return op;
}

}  // namespace halftone::onednn
