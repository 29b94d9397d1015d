// Requests: a group of nodes in the words of the kernels.
//
//   group_request   operands by what the kernel reads, then the epilogue (function, clamp), bias, output encoding
//   group_inputs    the same operands as values of the graph
//
// The two must agree in number and order of operands; they stand side by side so that a change meets both.
#include "exec/group_request.hpp"

#include "kernel/clamp.hpp"

namespace halftone {
namespace {

/// Codes where the operand has some, fp32 where not; a constant operand stays among the constants, as real values.
void add_binary_operands(const LoweringView& view, const Node& main, KernelRequest& request) {
    for (const ValueId input : main.inputs) {
        const Tensor* constant = view.qdq().real_constant(input);
        request.constants.push_back(constant != nullptr ? *constant : Tensor());
        if (constant != nullptr) continue;
        if (const auto codes = view.qdq().activation_codes(input)) {
            request.inputs.push_back({view.type(codes->value), codes->params});
        } else {
            request.inputs.push_back(view.fp32_port(input));
        }
    }
}

/// How many inputs of the node are tensors of codes: the others are weights, shapes, axes.
std::size_t count_code_operands(const Node& main, bool is_weighted) {
    if (main.op == "Concat") return main.inputs.size();
    return main.op == "MatMul" && !is_weighted ? 2 : 1;
}

void add_integer_operands(const LoweringView& view, const Node& main, KernelRequest& request) {
    if (LoweringView::is_binary(main)) return add_binary_operands(view, main, request);
    const bool is_weighted = view.is_linear(main);
    const std::size_t operands = count_code_operands(main, is_weighted);
    for (std::size_t i = 0; i < operands; ++i) {
        const auto codes = view.qdq().activation_codes(main.inputs[i]);
        request.inputs.push_back({view.type(codes->value), codes->params});
    }
    if (is_weighted) {
        const auto weight = view.qdq().stored_constant(main.inputs[1], DType::s8);
        request.weight.values = weight->tensor;
        request.weight.params = weight->params;
        if (main.inputs.size() > 2 && main.inputs[2].is_valid()) {
            request.bias = view.qdq().stored_constant(main.inputs[2], DType::s32)->tensor;
        }
    } else if (operands == 1) {
        add_constants(view, main, request);
    }
}

void add_fp32_operands(const LoweringView& view, const Node& main, KernelRequest& request) {
    if (view.is_linear(main) && view.has_constant_weights(main)) {
        // Constants as real values, also where the file stores them as codes: a unit that fell back to fp32.
        request.inputs.push_back(view.fp32_port(main.inputs[0]));
        request.weight.values = *view.qdq().real_constant(main.inputs[1]);
        if (main.inputs.size() > 2 && main.inputs[2].is_valid()) {
            request.bias = *view.qdq().real_constant(main.inputs[2]);
        }
        return;
    }
    for (const ValueId input : view.data_inputs(main)) request.inputs.push_back(view.fp32_port(input));
    add_constants(view, main, request);
}

}  // namespace

void add_constants(const LoweringView& view, const Node& node, KernelRequest& request) {
    for (const ValueId input : node.inputs) {
        request.constants.push_back(input.is_valid() ? view.graph().value(input).constant : Tensor());
    }
}

KernelRequest group_request(const LoweringView& view, const StepGroup& group) {
    const Node& main = view.node(group.main);
    KernelRequest request;
    request.node = &main;
    request.is_bf16 = group.is_bf16;
    if (group.function.is_valid()) request.epilogue.activation = &view.node(group.function);
    if (group.clamp.is_valid()) request.epilogue.clamp = clamp_of(view.graph(), view.node(group.clamp));
    if (group.is_integer) {
        add_integer_operands(view, main, request);
    } else {
        add_fp32_operands(view, main, request);
        if (group.residual.is_valid()) request.inputs.push_back(view.fp32_port(group.residual));
        request.epilogue.has_residual = group.residual.is_valid();
    }
    if (group.bias_add.is_valid()) request.bias = *view.row_added_by(view.node(group.bias_add), main.outputs[0]);
    OperandEncoding output = view.fp32_port(group.output);
    if (group.quantize.is_valid()) output.params = view.qdq().quantize_params(group.quantize);
    request.outputs.push_back(std::move(output));
    return request;
}

std::vector<ValueId> group_inputs(const LoweringView& view, const StepGroup& group) {
    const Node& main = view.node(group.main);
    std::vector<ValueId> inputs;
    if (group.is_integer && LoweringView::is_binary(main)) {
        for (const ValueId input : main.inputs) {
            if (view.qdq().real_constant(input) != nullptr) continue;
            const auto codes = view.qdq().activation_codes(input);
            inputs.push_back(codes ? codes->value : input);
        }
    } else if (group.is_integer) {
        for (std::size_t i = 0; i < group.request.inputs.size(); ++i) {
            inputs.push_back(view.qdq().activation_codes(main.inputs[i])->value);
        }
    } else if (view.is_linear(main)) {
        inputs.push_back(main.inputs[0]);
        if (group.residual.is_valid()) inputs.push_back(group.residual);
    } else {
        inputs = view.data_inputs(main);
    }
    return inputs;
}

}  // namespace halftone
