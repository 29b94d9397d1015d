#pragma once
// What passes share that replace a few operators of an exporter by the one operator that they mean.

#include <cmath>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "graph/graph.hpp"

namespace halftone {

/// Relative: exporters write sqrt(2) and its reciprocal with five to eight digits.
inline constexpr float kPatternTolerance = 1e-5F;

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

    /// The number of a constant of one element. NaN and infinities are none: no operator means them.
    [[nodiscard]] std::optional<float> scalar(ValueId id) const {
        if (!id.is_valid() || !graph_.value(id).is_constant()) return std::nullopt;
        const Tensor& constant = graph_.value(id).constant;
        if (constant.dtype() != DType::f32 || constant.elements() != 1) return std::nullopt;
        const float number = constant.as<float>()[0];
        return std::isfinite(number) ? std::optional(number) : std::nullopt;
    }

    [[nodiscard]] bool is_scalar(ValueId id, float value) const {
        const auto found = scalar(id);
        return found && std::abs(*found - value) <= kPatternTolerance * std::abs(value);
    }

    [[nodiscard]] const Graph& graph() const { return graph_; }

private:
    const Graph& graph_;
    const std::set<ValueId>& visible_;
};

struct Pattern {
    Node replacement;           ///< with the output of the last node
    std::vector<NodeId> nodes;  ///< that it replaces
    /// Constants that the replacement reads and the graph does not have in this form, by its input.
    std::vector<std::pair<std::size_t, Tensor>> constants = {};
};

/// Returns whether a tap outside of `removed` loses its last reader: a builder drops what nobody reads.
/// @param replacement  the node that comes instead of the removed ones
[[nodiscard]] bool leaves_tap_unread(const Graph& graph, const std::set<ValueId>& taps,
                                     const std::vector<NodeId>& removed, const Node& replacement);

/// Returns the pattern if its replacement, which gives the shape of its first input, gives that of what it replaces. A
/// constant of a higher rank on the way adds dimensions of 1 in front, which the replacement would lose.
[[nodiscard]] std::optional<Pattern> if_shape_stays(const Graph& graph, std::optional<Pattern> pattern);

using FindPattern = std::optional<Pattern> (*)(const PatternReader&, NodeId);

/// Asks `find` at every node, and replaces all patterns that share no node with one before them. Returns nothing where
/// there are none.
/// @param taps  values of the graph that must stay readable
[[nodiscard]] std::optional<Graph> replace_patterns(const Graph& graph, const std::vector<ValueId>& taps,
                                                    FindPattern find);

}  // namespace halftone
