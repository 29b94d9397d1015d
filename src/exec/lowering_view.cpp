#include "exec/lowering_view.hpp"

#include <algorithm>

namespace halftone {

LoweringView::LoweringView(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options)
    : graph_(graph),
      types_(types),
      options_(options),
      qdq_(graph, dequantized_),
      taps_(options.taps.begin(), options.taps.end()) {}

NodeId LoweringView::sole_reader(ValueId value) const {
    // A value with a second reader, an output or a tap must exist in memory: no kernel may keep it to itself.
    const auto& uses = graph_.uses(value);
    if (uses.size() != 1 || graph_.is_output(value) || taps_.contains(value)) return {};
    return uses[0].node;
}

std::vector<ValueId> LoweringView::data_inputs(const Node& node) const {
    std::vector<ValueId> inputs;
    for (const ValueId input : node.inputs) {
        if (input.is_valid() && !graph_.value(input).is_constant()) inputs.push_back(input);
    }
    return inputs;
}

bool LoweringView::is_linear(const Node& node) const {
    if (node.op == "Conv" || node.op == "Gemm") return true;
    // Kernels for weights take a matrix; a MatMul by a constant of higher rank is a product of two tensors to them.
    return node.op == "MatMul" && qdq_.real_constant(node.inputs[1]) != nullptr &&
           type(node.inputs[1]).shape.rank() == 2;
}

bool LoweringView::is_binary(const Node& node) { return node.op == "Add" || node.op == "Mul" || node.op == "Sub"; }

bool LoweringView::has_constant_weights(const Node& node) const {
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        // Stored as codes or not: constant is what has a real value now. A missing optional input (bias) does not
        // count.
        if (node.inputs[i].is_valid() && !qdq_.real_constant(node.inputs[i])) return false;
    }
    return true;
}

bool LoweringView::all_have_codes(const Node& node, const QuantParams& params) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
        const auto codes = qdq_.activation_codes(input);
        return codes && codes->params == params;
    });
}

const Tensor* LoweringView::row_added_by(const Node& add, ValueId product) const {
    if (add.op != "Add") return nullptr;
    const Tensor* row = qdq_.real_constant(add.inputs[0] == product ? add.inputs[1] : add.inputs[0]);
    const Shape& shape = type(product).shape;
    if (row == nullptr || row->dtype() != DType::f32 || row->shape().rank() < 1 || row->shape().rank() > shape.rank()) {
        return nullptr;
    }
    // [1, 1, N] is a row as well; a single value that broadcasts is not, because a kernel's bias has N values.
    const std::int64_t columns = shape[shape.rank() - 1];
    return row->elements() == columns && row->shape()[row->shape().rank() - 1] == columns ? row : nullptr;
}

}  // namespace halftone
