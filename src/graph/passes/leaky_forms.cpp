// leaky_forms: activations with a slope below zero, written with other operators, become PRelu and LeakyRelu.
//   Relu(x) + c * Relu(-x), Relu(x) - a * Relu(-x)    Keras' PReLU, as tf2onnx writes it
//   Max(x, a * x) with 0 <= a <= 1                    LeakyRelu of JAX
//   Where(x > 0, x, a * x), Where(x < 0, a * x, x)    PyTorch's dynamo exporter and JAX; also with >= and <=
#include <optional>
#include <utility>
#include <vector>

#include "graph/builder.hpp"
#include "graph/passes/lib/constant_edit.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

struct LeakyForm {
    ValueId x;
    Tensor slope;
    std::vector<NodeId> inner;  ///< nodes that nobody needs any more
};

/// The node of type `op` that makes the value, if nobody else reads it.
NodeId inner_node(const Graph& graph, ValueId value, const char* op) {
    const NodeId maker = value.is_valid() ? graph.producer(value) : NodeId{};
    if (!maker.is_valid() || graph.node(maker).op != op || !only_reader(graph, value).is_valid()) return {};
    return maker;
}

/// The operand of a Mul that is no constant, and the constant one.
std::optional<std::pair<ValueId, Tensor>> constant_multiple(const Graph& graph, NodeId mul) {
    const Node& node = graph.node(mul);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        if (node.inputs.size() != 2 || !has_fp32_constant(graph, node, i) || !has_input(node, 1 - i)) continue;
        const ValueId x = node.inputs[1 - i];
        const bool keeps_shape =
            graph.value(node.outputs[0]).type == graph.value(x).type &&
            graph.value(node.inputs[i]).constant.shape().rank() <= graph.value(x).type.shape.rank();
        if (!keeps_shape || graph.value(x).is_constant()) return std::nullopt;
        return std::pair{x, graph.value(node.inputs[i]).constant};
    }
    return std::nullopt;
}

Tensor times_sign(const Tensor& tensor, float sign) {
    Tensor out = tensor.clone();
    for (float& value : out.mutable_view().as<float>()) value *= sign;
    return out;
}

/// Relu(x) + c * Relu(-x): below zero it is -c * x.
std::optional<LeakyForm> sum_of_relus(const Graph& graph, const Node& node, ValueId positive, ValueId negative) {
    const NodeId relu = inner_node(graph, positive, "Relu");
    const NodeId mul = inner_node(graph, negative, "Mul");
    const auto multiple = mul.is_valid() ? constant_multiple(graph, mul) : std::nullopt;
    const NodeId other_relu = multiple ? inner_node(graph, multiple->first, "Relu") : NodeId{};
    const NodeId neg = other_relu.is_valid() ? inner_node(graph, graph.node(other_relu).inputs[0], "Neg") : NodeId{};
    if (!relu.is_valid() || !neg.is_valid()) return std::nullopt;
    const ValueId x = graph.node(relu).inputs[0];
    if (graph.node(neg).inputs[0] != x) return std::nullopt;
    return LeakyForm{x, times_sign(multiple->second, node.op == "Add" ? -1.0F : 1.0F), {relu, mul, other_relu, neg}};
}

/// Max(x, a * x): with 0 <= a <= 1 the product is the greater one below zero only.
std::optional<LeakyForm> max_of_multiple(const Graph& graph, ValueId x, ValueId product) {
    const NodeId mul = inner_node(graph, product, "Mul");
    const auto multiple = mul.is_valid() ? constant_multiple(graph, mul) : std::nullopt;
    if (!multiple || multiple->first != x) return std::nullopt;
    for (const float slope : multiple->second.as<float>()) {
        if (!(slope >= 0 && slope <= 1)) return std::nullopt;
    }
    return LeakyForm{x, multiple->second, {mul}};
}

/// Where(x > 0, x, a * x). At 0 both operands are 0, so it does not matter on which side 0 is.
std::optional<LeakyForm> where_of_multiple(const Graph& graph, const Node& node) {
    const NodeId compare = has_input(node, 0) ? graph.producer(node.inputs[0]) : NodeId{};
    if (!compare.is_valid() || !only_reader(graph, node.inputs[0]).is_valid()) return std::nullopt;
    const Node& test = graph.node(compare);
    const bool is_above = test.op == "Greater" || test.op == "GreaterOrEqual";
    if (!is_above && test.op != "Less" && test.op != "LessOrEqual") return std::nullopt;
    if (!has_fp32_constant(graph, test, 1)) return std::nullopt;
    const Tensor& zero = graph.value(test.inputs[1]).constant;
    if (zero.elements() != 1 || zero.as<float>()[0] != 0) return std::nullopt;
    const ValueId x = node.inputs[is_above ? 1 : 2];
    const NodeId mul = inner_node(graph, node.inputs[is_above ? 2 : 1], "Mul");
    const auto multiple = mul.is_valid() && test.inputs[0] == x ? constant_multiple(graph, mul) : std::nullopt;
    const bool fits = multiple && multiple->first == x && graph.value(node.outputs[0]).type == graph.value(x).type;
    return fits ? std::optional(LeakyForm{x, multiple->second, {compare, mul}}) : std::nullopt;
}

std::optional<LeakyForm> leaky_form(const Graph& graph, const Node& node) {
    if (node.op == "Where" && node.inputs.size() == 3) return where_of_multiple(graph, node);
    if (node.inputs.size() != 2 || !has_input(node, 0) || !has_input(node, 1)) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const ValueId first = node.inputs[i];
        const ValueId second = node.inputs[1 - i];
        std::optional<LeakyForm> form;
        if (node.op == "Add" || (node.op == "Sub" && i == 0)) form = sum_of_relus(graph, node, first, second);
        if (node.op == "Max") form = max_of_multiple(graph, first, second);
        if (form) return form;
    }
    return std::nullopt;
}

}  // namespace

/// One slope for all elements makes a LeakyRelu, several a PRelu. Quantized files stay as they are.
Graph leaky_forms(const Graph& graph, const OpLibrary&) {
    if (is_quantized_file(graph)) return graph;
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        auto form = leaky_form(graph, graph.node(id));
        if (!form) continue;
        for (const NodeId inner : form->inner) builder.remove_node(inner);
        if (form->slope.elements() == 1) {
            builder.node(id).op = "LeakyRelu";
            builder.node(id).inputs = {form->x};
            builder.node(id).attributes = {{"alpha", form->slope.as<float>()[0]}};
            continue;
        }
        const std::string name = graph.value(graph.node(id).outputs[0]).name + "_slope";
        const ValueId slope = builder.add_constant(builder.fresh_value_name(name), std::move(form->slope));
        builder.node(id).op = "PRelu";
        builder.node(id).inputs = {form->x, slope};
    }
    return std::move(builder).build();
}

}  // namespace halftone
