// fuse_patterns replaces what exporters write as several operators by the one operator that they mean, equal up to
// rounding.
//
//   PatternReader       reads a graph along a pattern; every step gives an invalid id where the pattern ends
//   swish_at            x * Sigmoid(x)                                                    -> Swish
//   gelu_at             0.5 * x * (1 + Erf(x / sqrt(2)))                                  -> Gelu
//   tanh_gelu_at        0.5 * x * (1 + Tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))         -> Gelu (approximate)
//   hard_function_at    Clip(x + 3, 0, 6) / 6, and the same times x                       -> HardSigmoid, HardSwish
//   hard_swish_at       x * HardSigmoid(x)                                                -> HardSwish
//   normalization_at    d = x - mean(x); d / sqrt(mean(d^2) + epsilon) * scale + bias     -> LayerNormalization
//   keras_normalization_at  f = scale / sqrt(mean(d^2) + epsilon); x * f + (bias - mean * f)  -> LayerNormalization
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

    /// The node of type `op` that makes the value.
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

/// 0.5 * x * (1 + f), the factors in any order: what both forms of Gelu have behind their function f. `nodes` are those
/// that compute f.
std::optional<Pattern> half_x_times_one_plus(const PatternReader& r, ValueId x, NodeId function,
                                             std::vector<NodeId> nodes, Attributes attributes) {
    const NodeId add = r.only_reader(r.output(function), "Add");
    if (!add.is_valid() || !r.is_scalar(r.other(add, r.output(function)), 1.0F)) return std::nullopt;
    const NodeId first = r.only_reader(r.output(add), "Mul");
    if (!first.is_valid()) return std::nullopt;
    const ValueId with = r.other(first, r.output(add));
    nodes.insert(nodes.end(), {function, add, first});
    NodeId last = first;
    if (with == x || r.is_scalar(with, 0.5F)) {
        // The factor that is still missing.
        last = r.only_reader(r.output(first), "Mul");
        if (!last.is_valid()) return std::nullopt;
        const ValueId missing = r.other(last, r.output(first));
        if (with == x ? !r.is_scalar(missing, 0.5F) : missing != x) return std::nullopt;
        nodes.push_back(last);
    } else {
        const NodeId half = r.producer(with, "Mul");
        if (!half.is_valid() || !r.is_inner(with, 1) || !r.is_scalar(r.other(half, x), 0.5F)) return std::nullopt;
        nodes.push_back(half);
    }
    return Pattern{{.name = r.node(last).name,
                    .op = "Gelu",
                    .inputs = {x},
                    .outputs = {r.output(last)},
                    .attributes = std::move(attributes)},
                   nodes};
}

/// 0.5 * x * (1 + erf(x / sqrt(2))).
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
    return half_x_times_one_plus(r, x, erf, {scale}, {});
}

/// The operand of a Mul that is no constant number, if the other one is `factor`.
ValueId multiple_of(const PatternReader& r, NodeId mul, float factor) {
    if (!mul.is_valid()) return {};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        if (r.is_scalar(r.node(mul).inputs[i], factor)) return r.node(mul).inputs[1 - i];
    }
    return {};
}

/// The x of x^3, as a power or as products; adds the nodes.
ValueId cube_root(const PatternReader& r, ValueId cube, std::vector<NodeId>& nodes) {
    if (const NodeId pow = r.producer(cube, "Pow"); pow.is_valid()) {
        nodes.push_back(pow);
        return r.is_scalar(r.node(pow).inputs[1], 3.0F) ? r.node(pow).inputs[0] : ValueId{};
    }
    const NodeId product = r.producer(cube, "Mul");
    if (!product.is_valid()) return {};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const ValueId square = r.node(product).inputs[i];
        const ValueId x = r.node(product).inputs[1 - i];
        const NodeId squaring = r.producer(square, "Mul");
        if (!squaring.is_valid() || !r.is_inner(square, 1)) continue;
        if (r.node(squaring).inputs != std::vector<ValueId>{x, x}) continue;
        nodes.insert(nodes.end(), {product, squaring});
        return x;
    }
    return {};
}

/// 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))).
std::optional<Pattern> tanh_gelu_at(const PatternReader& r, NodeId tanh) {
    constexpr float kCubic = 0.044715F;
    constexpr float kRoot = 0.7978845608F;  // sqrt(2 / pi)
    const ValueId inside = r.node(tanh).inputs[0];
    const NodeId outer = r.producer(inside, "Mul");
    const ValueId sum = multiple_of(r, outer, kRoot);
    const NodeId add = r.producer(sum, "Add");
    if (!add.is_valid() || !r.is_inner(inside, 1) || !r.is_inner(sum, 1)) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const ValueId x = r.node(add).inputs[i];
        const ValueId term = r.node(add).inputs[1 - i];
        const NodeId inner = r.producer(term, "Mul");
        const ValueId cube = multiple_of(r, inner, kCubic);
        if (!cube.is_valid() || !r.is_inner(term, 1) || !r.is_inner(cube, 1)) continue;
        std::vector<NodeId> nodes{outer, add, inner};
        if (cube_root(r, cube, nodes) != x) continue;
        return half_x_times_one_plus(r, x, tanh, nodes, {{"approximate", std::string("tanh")}});
    }
    return std::nullopt;
}

/// Clip(x + 3, 0, 6): the start of every decomposed hard swish and hard sigmoid. Returns x.
ValueId clipped_sum(const PatternReader& r, NodeId clip) {
    const Node& node = r.node(clip);
    if (node.inputs.size() != 3 || !r.is_scalar(node.inputs[2], 6.0F)) return {};
    const auto low = r.scalar(node.inputs[1]);
    const NodeId add = r.producer(node.inputs[0], "Add");
    if (!low || *low != 0 || !add.is_valid() || !r.is_inner(node.inputs[0], 1)) return {};
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        if (r.is_scalar(r.node(add).inputs[i], 3.0F)) return r.node(add).inputs[1 - i];
    }
    return {};
}

/// The only reader of the value, if it divides it by 6.
NodeId sixth_of(const PatternReader& r, ValueId value) {
    const NodeId div = r.only_reader(value, "Div");
    if (div.is_valid()) {
        const bool divides = r.node(div).inputs[0] == value && r.is_scalar(r.node(div).inputs[1], 6.0F);
        return divides ? div : NodeId{};
    }
    const NodeId mul = r.only_reader(value, "Mul");
    return mul.is_valid() && r.is_scalar(r.other(mul, value), 1.0F / 6.0F) ? mul : NodeId{};
}

Pattern hard_function(const PatternReader& r, const char* op, ValueId x, NodeId last, std::vector<NodeId> nodes) {
    Node node{.name = r.node(last).name, .op = op, .inputs = {x}, .outputs = {r.output(last)}, .attributes = {}};
    if (node.op == "HardSigmoid") node.attributes = {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}};
    return {std::move(node), std::move(nodes)};
}

/// Clip(x + 3, 0, 6) / 6 and x * Clip(x + 3, 0, 6) / 6, with the division before or behind the product.
std::optional<Pattern> hard_function_at(const PatternReader& r, NodeId clip) {
    const ValueId x = clipped_sum(r, clip);
    if (!x.is_valid()) return std::nullopt;
    std::vector<NodeId> nodes{r.producer(r.node(clip).inputs[0], "Add"), clip};
    if (const NodeId sixth = sixth_of(r, r.output(clip)); sixth.is_valid()) {
        nodes.push_back(sixth);
        const NodeId mul = r.only_reader(r.output(sixth), "Mul");
        if (!mul.is_valid() || r.other(mul, r.output(sixth)) != x)
            return hard_function(r, "HardSigmoid", x, sixth, nodes);
        nodes.push_back(mul);
        return hard_function(r, "HardSwish", x, mul, nodes);
    }
    const NodeId mul = r.only_reader(r.output(clip), "Mul");
    if (!mul.is_valid() || r.other(mul, r.output(clip)) != x) return std::nullopt;
    const NodeId sixth = sixth_of(r, r.output(mul));
    if (!sixth.is_valid()) return std::nullopt;
    nodes.insert(nodes.end(), {mul, sixth});
    return hard_function(r, "HardSwish", x, sixth, nodes);
}

/// x * HardSigmoid(x) with the slope 1/6.
std::optional<Pattern> hard_swish_at(const PatternReader& r, NodeId sigmoid) {
    const Node& node = r.node(sigmoid);
    const float alpha = float_attribute(node, "alpha", 0.2F);
    if (std::abs(alpha - 1.0F / 6.0F) > kTolerance || float_attribute(node, "beta", 0.5F) != 0.5F) return std::nullopt;
    const NodeId mul = r.only_reader(r.output(sigmoid), "Mul");
    if (!mul.is_valid() || r.other(mul, r.output(sigmoid)) != node.inputs[0]) return std::nullopt;
    return hard_function(r, "HardSwish", node.inputs[0], mul, {sigmoid, mul});
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

/// What Keras writes: factor = scale / sqrt(mean(d^2) + epsilon); x * factor + (B - mean(x) * factor).
struct KerasNormalization {
    ValueId x;
    float epsilon = 0;
    ValueId mean;
    std::vector<NodeId> nodes;
};

/// Reads 1 / sqrt(mean((x - mean(x))^2) + epsilon) backwards.
std::optional<KerasNormalization> inverse_deviation(const PatternReader& r, NodeId reciprocal) {
    const auto inner_producer = [&](ValueId value, const char* op) {
        return value.is_valid() && r.is_inner(value, 1) ? r.producer(value, op) : NodeId{};
    };
    const NodeId root = inner_producer(r.node(reciprocal).inputs[0], "Sqrt");
    const NodeId add = root.is_valid() ? inner_producer(r.node(root).inputs[0], "Add") : NodeId{};
    if (!add.is_valid()) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const auto epsilon = r.scalar(r.node(add).inputs[i]);
        const NodeId variance = inner_producer(r.node(add).inputs[1 - i], "ReduceMean");
        if (!epsilon || !variance.is_valid() || !is_mean_of_rows(r, variance)) continue;
        const ValueId squared = r.node(variance).inputs[0];
        const NodeId product = inner_producer(squared, "Mul");
        const NodeId squares = product.is_valid() ? product : inner_producer(squared, "Pow");
        if (!squares.is_valid()) continue;
        const ValueId centred = r.node(squares).inputs[0];
        const bool is_square =
            product.is_valid() ? r.node(squares).inputs[1] == centred : r.is_scalar(r.node(squares).inputs[1], 2.0F);
        const NodeId sub = r.producer(centred, "Sub");
        if (!is_square || !sub.is_valid() || !r.is_inner(centred, product.is_valid() ? 2 : 1)) continue;
        const ValueId mean = r.node(sub).inputs[1];
        const NodeId reduce = r.producer(mean, "ReduceMean");
        if (!reduce.is_valid() || !is_mean_of_rows(r, reduce) || r.node(reduce).inputs[0] != r.node(sub).inputs[0])
            continue;
        return KerasNormalization{
            r.node(sub).inputs[0], *epsilon, mean, {reciprocal, root, add, variance, squares, sub, reduce}};
    }
    return std::nullopt;
}

std::optional<Pattern> keras_normalization_at(const PatternReader& r, NodeId reciprocal) {
    auto found = inverse_deviation(r, reciprocal);
    const NodeId scale = found ? r.only_reader(r.output(reciprocal), "Mul") : NodeId{};
    if (!scale.is_valid() || !is_row(r, r.other(scale, r.output(reciprocal)), found->x)) return std::nullopt;
    const ValueId factor = r.output(scale);
    // The mean is read by the variance, too.
    if (!r.is_inner(factor, 2) || !r.is_inner(found->mean, 2)) return std::nullopt;
    NodeId scaled;
    NodeId scaled_mean;
    for (const Use& use : r.graph().uses(factor)) {
        if (r.node(use.node).op != "Mul") return std::nullopt;
        (r.other(use.node, factor) == found->mean ? scaled_mean : scaled) = use.node;
    }
    if (!scaled.is_valid() || !scaled_mean.is_valid() || r.other(scaled, factor) != found->x) return std::nullopt;
    const NodeId shift = r.only_reader(r.output(scaled_mean), "Sub");
    if (!shift.is_valid() || r.node(shift).inputs[1] != r.output(scaled_mean)) return std::nullopt;
    const ValueId bias = r.node(shift).inputs[0];
    const NodeId last = r.only_reader(r.output(shift), "Add");
    if (!last.is_valid() || r.only_reader(r.output(scaled), "Add") != last || !is_row(r, bias, found->x))
        return std::nullopt;
    std::vector<NodeId> nodes = std::move(found->nodes);
    nodes.insert(nodes.end(), {scale, scaled, scaled_mean, shift, last});
    return Pattern{{.name = r.node(last).name,
                    .op = "LayerNormalization",
                    .inputs = {found->x, r.other(scale, r.output(reciprocal)), bias},
                    .outputs = {r.output(last)},
                    .attributes = {{"axis", std::int64_t{-1}}, {"epsilon", found->epsilon}}},
                   nodes};
}

std::optional<Pattern> pattern_at(const PatternReader& reader, NodeId id) {
    const std::string& op = reader.node(id).op;
    if (op == "Sigmoid") return swish_at(reader, id);
    if (op == "Erf") return gelu_at(reader, id);
    if (op == "Tanh") return tanh_gelu_at(reader, id);
    if (op == "Clip") return hard_function_at(reader, id);
    if (op == "HardSigmoid") return hard_swish_at(reader, id);
    if (op == "Reciprocal") return keras_normalization_at(reader, id);
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
