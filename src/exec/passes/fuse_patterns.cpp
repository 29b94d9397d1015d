// fuse_patterns replaces what exporters write as several operators by the one operator that they mean, equal up to
// rounding.
//
//   swish_at            x * Sigmoid(a * x)                                                -> Swish
//   gelu_at             0.5 * x * (1 + Erf(x / sqrt(2)))                                  -> Gelu
//   tanh_gelu_at        0.5 * x * (1 + Tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))         -> Gelu (approximate)
//   hard_function_at    Clip(x + 3, 0, 6) / 6, and the same times x                       -> HardSigmoid, HardSwish
//   clipped_line_at     Clip(a * x + b, 0, 1)                                             -> HardSigmoid
//   hard_swish_at       x * HardSigmoid(x)                                                -> HardSwish
//
// A pattern that has a tap or a graph output inside stays as it is, because that value must go on existing.
#include <cmath>
#include <optional>

#include "exec/passes/lib/pattern_reader.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {
namespace {

/// x * Sigmoid(x), and x * Sigmoid(1.702 * x), which is called quick Gelu.
std::optional<Pattern> swish_at(const PatternReader& r, NodeId sigmoid) {
    const ValueId inside = r.node(sigmoid).inputs[0];
    const NodeId mul = r.only_reader(r.output(sigmoid), "Mul");
    if (!mul.is_valid()) return std::nullopt;
    const ValueId x = r.other(mul, r.output(sigmoid));
    Node swish{.name = r.node(mul).name, .op = "Swish", .inputs = {x}, .outputs = {r.output(mul)}, .attributes = {}};
    if (x == inside) return Pattern{std::move(swish), {sigmoid, mul}};
    const NodeId scale = r.producer(inside, "Mul");
    if (!scale.is_valid() || !r.is_inner(inside, 1)) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const auto alpha = r.scalar(r.node(scale).inputs[i]);
        if (!alpha || r.node(scale).inputs[1 - i] != x) continue;
        swish.attributes = {{"alpha", *alpha}};
        return Pattern{std::move(swish), {sigmoid, mul, scale}};
    }
    return std::nullopt;
}

/// Whether the node halves the value: value * 0.5 or value / 2.
bool is_half_of(const PatternReader& r, NodeId node, ValueId value) {
    if (r.node(node).op == "Mul") return r.is_scalar(r.other(node, value), 0.5F);
    return r.node(node).op == "Div" && r.node(node).inputs[0] == value && r.is_scalar(r.node(node).inputs[1], 2.0F);
}

/// The only reader of the value, if it halves it.
NodeId half_of(const PatternReader& r, ValueId value) {
    const NodeId mul = r.only_reader(value, "Mul");
    const NodeId reader = mul.is_valid() ? mul : r.only_reader(value, "Div");
    return reader.is_valid() && is_half_of(r, reader, value) ? reader : NodeId{};
}

/// 0.5 * x * (1 + f), the factors in any order, or with a division by 2: what both forms of Gelu have behind their
/// function f. `nodes` are those that compute f. @param is_negated  f stands as 1 - f'
std::optional<Pattern> half_x_times_one_plus(const PatternReader& r, ValueId x, NodeId function, bool is_negated,
                                             std::vector<NodeId> nodes, Attributes attributes) {
    const NodeId add = r.only_reader(r.output(function), is_negated ? "Sub" : "Add");
    if (!add.is_valid() || !r.is_scalar(r.other(add, r.output(function)), 1.0F)) return std::nullopt;
    if (is_negated && r.node(add).inputs[1] != r.output(function)) return std::nullopt;
    nodes.insert(nodes.end(), {function, add});
    NodeId last;
    if (const NodeId half = half_of(r, r.output(add)); half.is_valid()) {
        last = r.only_reader(r.output(half), "Mul");
        if (!last.is_valid() || r.other(last, r.output(half)) != x) return std::nullopt;
        nodes.insert(nodes.end(), {half, last});
    } else {
        last = r.only_reader(r.output(add), "Mul");
        if (!last.is_valid()) return std::nullopt;
        const ValueId with = r.other(last, r.output(add));
        nodes.push_back(last);
        if (with == x) {
            last = half_of(r, r.output(last));
            if (!last.is_valid()) return std::nullopt;
            nodes.push_back(last);
        } else {
            const NodeId halved = r.graph().producer(with);
            if (!halved.is_valid() || !r.is_inner(with, 1) || !is_half_of(r, halved, x)) return std::nullopt;
            nodes.push_back(halved);
        }
    }
    return Pattern{{.name = r.node(last).name,
                    .op = "Gelu",
                    .inputs = {x},
                    .outputs = {r.output(last)},
                    .attributes = std::move(attributes)},
                   nodes};
}

/// 0.5 * x * (1 + erf(x / sqrt(2))), and 0.5 * x * (1 - erf(-x / sqrt(2))), which JAX's erfc becomes.
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
    const float wanted = div.is_valid() ? root : 1.0F / root;
    if (r.is_scalar(factor, -wanted)) return half_x_times_one_plus(r, x, erf, true, {scale}, {});
    if (!r.is_scalar(factor, wanted)) return std::nullopt;
    // The sign may stand in front: erfc(-x * sqrt(0.5)).
    if (const NodeId negation = r.producer(x, "Neg"); negation.is_valid() && r.is_inner(x, 1))
        return half_x_times_one_plus(r, r.node(negation).inputs[0], erf, true, {scale, negation}, {});
    return half_x_times_one_plus(r, x, erf, false, {scale}, {});
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
        return half_x_times_one_plus(r, x, tanh, false, nodes, {{"approximate", std::string("tanh")}});
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

/// Clip(a * x + b, 0, 1): Keras 2 has a = 0.2 and b = 0.5, others a = 1/6.
std::optional<Pattern> clipped_line_at(const PatternReader& r, NodeId clip) {
    const Node& node = r.node(clip);
    const auto low = node.inputs.size() == 3 ? r.scalar(node.inputs[1]) : std::nullopt;
    if (!low || *low != 0 || !r.is_scalar(node.inputs[2], 1.0F)) return std::nullopt;
    const NodeId add = r.producer(node.inputs[0], "Add");
    if (!add.is_valid() || !r.is_inner(node.inputs[0], 1)) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const auto beta = r.scalar(r.node(add).inputs[i]);
        const ValueId product = r.node(add).inputs[1 - i];
        const NodeId mul = r.producer(product, "Mul");
        if (!beta || !mul.is_valid() || !r.is_inner(product, 1)) continue;
        for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
            const auto alpha = r.scalar(r.node(mul).inputs[k]);
            if (!alpha) continue;
            Pattern pattern = hard_function(r, "HardSigmoid", r.node(mul).inputs[1 - k], clip, {mul, add, clip});
            pattern.replacement.attributes = {{"alpha", *alpha}, {"beta", *beta}};
            return pattern;
        }
    }
    return std::nullopt;
}

/// Clip(x + 3, 0, 6) / 6 and x * Clip(x + 3, 0, 6) / 6, with the division before or behind the product.
std::optional<Pattern> hard_function_at(const PatternReader& r, NodeId clip) {
    const ValueId x = clipped_sum(r, clip);
    if (!x.is_valid()) return clipped_line_at(r, clip);
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
    if (std::abs(alpha - 1.0F / 6.0F) > kPatternTolerance || float_attribute(node, "beta", 0.5F) != 0.5F)
        return std::nullopt;
    const NodeId mul = r.only_reader(r.output(sigmoid), "Mul");
    if (!mul.is_valid() || r.other(mul, r.output(sigmoid)) != node.inputs[0]) return std::nullopt;
    return hard_function(r, "HardSwish", node.inputs[0], mul, {sigmoid, mul});
}

std::optional<Pattern> any_pattern_at(const PatternReader& reader, NodeId id) {
    const std::string& op = reader.node(id).op;
    if (op == "Sigmoid") return swish_at(reader, id);
    if (op == "Erf") return gelu_at(reader, id);
    if (op == "Tanh") return tanh_gelu_at(reader, id);
    if (op == "Clip") return hard_function_at(reader, id);
    if (op == "HardSigmoid") return hard_swish_at(reader, id);
    return std::nullopt;
}

std::optional<Pattern> pattern_at(const PatternReader& reader, NodeId id) {
    return if_shape_stays(reader.graph(), any_pattern_at(reader, id));
}

}  // namespace

std::optional<Graph> fuse_patterns(const Graph& graph, const ExecPassContext& context) {
    return replace_patterns(graph, context.taps, pattern_at);
}

}  // namespace halftone
