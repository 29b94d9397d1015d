#include "graph/passes/lib/constant_edit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace halftone {
namespace {

// As in fold_constants: a fixed number, and twice what the model holds, because every rank must come to one graph.
constexpr std::uint64_t kCopiedBytes = std::uint64_t{128} << 20;
constexpr std::uint64_t kCopiedBytesPerByte = 2;

}  // namespace

bool has_fp32_constant(const Graph& graph, const Node& node, std::size_t i) {
    if (!has_input(node, i)) return false;
    const Value& value = graph.value(node.inputs[i]);
    return value.is_constant() && value.constant.dtype() == DType::f32;
}

bool is_finite(const Tensor& tensor) {
    const auto values = tensor.as<float>();
    return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

bool is_quantized_file(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "QuantizeLinear" || node.op == "DequantizeLinear"; });
}

NodeId only_reader(const Graph& graph, ValueId value) {
    if (graph.is_output(value) || graph.uses(value).size() != 1) return {};
    return graph.uses(value)[0].node;
}

ConstantEditor::ConstantEditor(GraphBuilder& builder, const Graph& graph)
    : builder_(builder), graph_(graph), bytes_left_(kCopiedBytes) {
    for (const Value& value : graph.values()) {
        if (value.is_constant()) bytes_left_ += kCopiedBytesPerByte * value.constant.bytes();
    }
}

bool ConstantEditor::is_shared(ValueId value) const {
    // A value that the pass itself added belongs to the node that it was added for.
    if (value.index() >= graph_.values().size()) return false;
    return graph_.uses(value).size() != 1 || graph_.is_output(value);
}

// An edit in place costs no memory. A copy does, and a weight that thousands of nodes share would be copied thousands
// of times: such a file of some kilobytes must not ask for gigabytes.
bool ConstantEditor::may_replace(NodeId node, std::size_t input, std::uint64_t bytes) {
    const Node& edited = builder_.node(node);
    const bool grows = !has_input(edited, input) || is_shared(edited.inputs[input]) ||
                       builder_.value(edited.inputs[input]).constant.bytes() < bytes;
    if (!grows) return true;
    if (bytes > bytes_left_) return false;
    bytes_left_ -= bytes;
    return true;
}

void ConstantEditor::replace(NodeId node, std::size_t input, Tensor tensor) {
    const ValueId old = builder_.node(node).inputs[input];
    if (!is_shared(old)) {
        builder_.value(old).type = tensor.type();
        builder_.value(old).constant = std::move(tensor);
        return;
    }
    // Another node still reads the old numbers, so this one gets its own copy.
    const std::string name = builder_.fresh_value_name(builder_.value(old).name);
    const ValueId copy = builder_.add_constant(name, std::move(tensor));
    builder_.node(node).inputs[input] = copy;
}

}  // namespace halftone
