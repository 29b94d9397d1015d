// fuse_patterns replaces what exporters write as several operators by the one operator that they mean, equal up to
// rounding.
//
//   PatternReader       reads a graph along a pattern; every step gives an invalid id where the pattern ends
//   swish_at            x * Sigmoid(x)                                                    -> Swish
//   gelu_at             0.5 * x * (1 + Erf(x / sqrt(2)))                                  -> Gelu
//   normalization_at    d = x - mean(x); d / sqrt(mean(d^2) + epsilon) * scale + bias     -> LayerNormalization
//   fuse_patterns       collects patterns that share no node, then replaces them all at once
//
// A pattern that has a tap or a graph output inside stays as it is, because that value must go on existing.
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "exec/passes/passes.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// Relative: exporters write sqrt(2) and its reciprocal with five to eight digits.
constexpr float kTolerance = 1e-5F;

/// Reads a graph backwards and forwards along patterns. Every step gives an invalid id where the pattern ends.
class PatternReader {
public:
    PatternReader(const Graph& graph, const std::set<ValueId>& visible) : graph_(graph), visible_(visible) {}

    [[nodiscard]] const Node& node(NodeId id) const { return graph_.node(id); }
    [[nodiscard]] ValueId output(NodeId id) const { return node(id).outputs[0]; }

    /// May the value disappear, apart from `readers` reads?
    [[nodiscard]] bool is_inner(ValueId id, std::size_t readers) const {
        return graph_.uses(id).size() == readers && !graph_.is_output(id) && !visible_.contains(id);
    }

    /// The node of type `op` that alone reads the value.
    [[nodiscard]] NodeId only_reader(ValueId id, const char* op) const {
        if (!id.is_valid() || !is_inner(id, 1)) return {};
        const NodeId reader = graph_.uses(id)[0].node;
        return node(reader).op == op ? reader : NodeId{};
    }

    [[nodiscard]] NodeId producer(ValueId id, const char* op) const {
        const NodeId made_by = id.is_valid() ? graph_.producer(id) : NodeId{};
        return made_by.is_valid() && node(made_by).op == op ? made_by : NodeId{};
    }

    /// The operand of a binary node that is not `one`.
    [[nodiscard]] ValueId other(NodeId id, ValueId one) const {
        const auto& inputs = node(id).inputs;
        if (inputs.size() != 2) return {};
        return inputs[0] == one ? inputs[1] : inputs[0];
    }

    [[nodiscard]] std::optional<float> scalar(ValueId id) const {
        if (!id.is_valid() || !graph_.value(id).is_constant()) return std::nullopt;
        const Tensor& constant = graph_.value(id).constant;
        if (constant.dtype() != DType::f32 || constant.elements() != 1) return std::nullopt;
        return constant.as<float>()[0];
    }

    [[nodiscard]] bool is_scalar(ValueId id, float value) const {
        const auto found = scalar(id);
        return found && std::abs(*found - value) <= kTolerance * std::abs(value);
    }

    [[nodiscard]] const Graph& graph() const { return graph_; }

private:
    const Graph& graph_;
    const std::set<ValueId>& visible_;
};

struct Pattern {
    Node replacement;           ///< with the output of the last node
    std::vector<NodeId> nodes;  ///< that it replaces
};

std::optional<Pattern> swish_at(const PatternReader& r, NodeId sigmoid) {
    const ValueId x = r.node(sigmoid).inputs[0];
    const NodeId mul = r.only_reader(r.output(sigmoid), "Mul");
    if (!mul.is_valid() || r.other(mul, r.output(sigmoid)) != x) return std::nullopt;
    return Pattern{
        {.name = r.node(mul).name, .op = "Swish", .inputs = {x}, .outputs = {r.output(mul)}, .attributes = {}},
        {sigmoid, mul}};
}

/// 0.5 * x * (1 + erf(x / sqrt(2))), the factors in any order.
std::optional<Pattern> gelu_at(const PatternReader& r, NodeId erf) {
    const float root = std::sqrt(2.0F);
    const ValueId inside = r.node(erf).inputs[0];
    if (!r.is_inner(inside, 1)) return std::nullopt;
    const NodeId div = r.producer(inside, "Div");
    const NodeId scale = div.is_valid() ? div : r.producer(inside, "Mul");
    if (!scale.is_valid()) return std::nullopt;
    ValueId x = r.node(scale).inputs[0];
    ValueId factor = r.node(scale).inputs[1];
    if (!div.is_valid() && r.scalar(x)) std::swap(x, factor);
    if (!r.is_scalar(factor, div.is_valid() ? root : 1.0F / root)) return std::nullopt;

    const NodeId add = r.only_reader(r.output(erf), "Add");
    if (!add.is_valid() || !r.is_scalar(r.other(add, r.output(erf)), 1.0F)) return std::nullopt;
    const NodeId first = r.only_reader(r.output(add), "Mul");
    if (!first.is_valid()) return std::nullopt;
    const ValueId with = r.other(first, r.output(add));
    std::vector<NodeId> nodes{scale, erf, add, first};
    NodeId last = first;
    if (with == x) {
        last = r.only_reader(r.output(first), "Mul");
        if (!last.is_valid() || !r.is_scalar(r.other(last, r.output(first)), 0.5F)) return std::nullopt;
        nodes.push_back(last);
    } else {
        const NodeId half = r.producer(with, "Mul");
        if (!half.is_valid() || !r.is_inner(with, 1) || !r.is_scalar(r.other(half, x), 0.5F)) return std::nullopt;
        nodes.push_back(half);
    }
    return Pattern{
        {.name = r.node(last).name, .op = "Gelu", .inputs = {x}, .outputs = {r.output(last)}, .attributes = {}}, nodes};
}

bool is_mean_of_rows(const PatternReader& r, NodeId reduce) {
    const Node& node = r.node(reduce);
    if (int_attribute(node, "keepdims", 1) == 0) return false;
    std::vector<std::int64_t> axes = ints_attribute(node, "axes", {});
    if (node.inputs.size() > 1 && node.inputs[1].is_valid()) {
        const Value& given = r.graph().value(node.inputs[1]);
        if (!given.is_constant()) return false;
        const auto values = given.constant.as<std::int64_t>();
        axes.assign(values.begin(), values.end());
    }
    const auto rank = static_cast<std::int64_t>(r.graph().value(node.inputs[0]).type.shape.rank());
    return axes.size() == 1 && (axes[0] == -1 || axes[0] == rank - 1);
}

/// A constant row as long as the rows of x.
bool is_row(const PatternReader& r, ValueId id, ValueId x) {
    if (!id.is_valid() || !r.graph().value(id).is_constant()) return false;
    const Shape& shape = r.graph().value(x).type.shape;
    return r.graph().value(id).constant.dtype() == DType::f32 &&
           r.graph().value(id).constant.shape() == Shape{shape[shape.rank() - 1]};
}

/// The squares of the centred values: their producer, whose only reader is the second mean.
NodeId squares_of(const PatternReader& r, ValueId centred) {
    for (const Use& use : r.graph().uses(centred)) {
        const Node& reader = r.node(use.node);
        const bool is_power = reader.op == "Pow" && reader.inputs[0] == centred && r.is_scalar(reader.inputs[1], 2.0F);
        const bool is_product = reader.op == "Mul" && reader.inputs[0] == centred && reader.inputs[1] == centred;
        if (is_power || is_product) return use.node;
    }
    return {};
}

/// d = x - mean(x); d / sqrt(mean(d^2) + epsilon) * scale + B.
std::optional<Pattern> normalization_at(const PatternReader& r, NodeId mean) {
    if (!is_mean_of_rows(r, mean)) return std::nullopt;
    const ValueId x = r.node(mean).inputs[0];
    const NodeId sub = r.only_reader(r.output(mean), "Sub");
    if (!sub.is_valid() || r.node(sub).inputs[0] != x) return std::nullopt;
    const ValueId centred = r.output(sub);
    const NodeId squares = squares_of(r, centred);
    if (!squares.is_valid() || !r.is_inner(centred, r.node(squares).op == "Pow" ? 2 : 3)) return std::nullopt;
    const NodeId variance = r.only_reader(r.output(squares), "ReduceMean");
    if (!variance.is_valid() || !is_mean_of_rows(r, variance)) return std::nullopt;
    const NodeId add = r.only_reader(r.output(variance), "Add");
    const auto epsilon = add.is_valid() ? r.scalar(r.other(add, r.output(variance))) : std::nullopt;
    const NodeId root = add.is_valid() ? r.only_reader(r.output(add), "Sqrt") : NodeId{};
    const NodeId div = root.is_valid() ? r.only_reader(r.output(root), "Div") : NodeId{};
    if (!epsilon || !div.is_valid() || r.node(div).inputs[0] != centred) return std::nullopt;
    const NodeId mul = r.only_reader(r.output(div), "Mul");
    if (!mul.is_valid() || !is_row(r, r.other(mul, r.output(div)), x)) return std::nullopt;
    const NodeId last = r.only_reader(r.output(mul), "Add");
    if (!last.is_valid() || !is_row(r, r.other(last, r.output(mul)), x)) return std::nullopt;
    return Pattern{{.name = r.node(last).name,
                    .op = "LayerNormalization",
                    .inputs = {x, r.other(mul, r.output(div)), r.other(last, r.output(mul))},
                    .outputs = {r.output(last)},
                    .attributes = {{"axis", std::int64_t{-1}}, {"epsilon", *epsilon}}},
                   {mean, sub, squares, variance, add, root, div, mul, last}};
}

std::optional<Pattern> pattern_at(const PatternReader& reader, NodeId id) {
    const std::string& op = reader.node(id).op;
    if (op == "Sigmoid") return swish_at(reader, id);
    if (op == "Erf") return gelu_at(reader, id);
    if (op == "ReduceMean") return normalization_at(reader, id);
    return std::nullopt;
}

}  // namespace

std::optional<Graph> fuse_patterns(const Graph& graph, const ExecPassContext& context) {
    const std::set<ValueId> visible(context.taps.begin(), context.taps.end());
    const PatternReader reader(graph, visible);
    std::vector<Pattern> patterns;
    std::set<NodeId> taken;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        auto pattern = pattern_at(reader, make_id<NodeId>(n));
        if (!pattern) continue;
        const auto is_taken = [&](NodeId id) { return taken.contains(id); };
        if (std::any_of(pattern->nodes.begin(), pattern->nodes.end(), is_taken)) continue;
        taken.insert(pattern->nodes.begin(), pattern->nodes.end());
        patterns.push_back(std::move(*pattern));
    }
    if (patterns.empty()) return std::nullopt;
    GraphBuilder builder(graph);
    for (Pattern& pattern : patterns) {
        for (const NodeId id : pattern.nodes) builder.remove_node(id);
        builder.add_node(std::move(pattern.replacement));
    }
    return std::move(builder).build();
}

}  // namespace halftone
