#include "exec/passes/lib/pattern_reader.hpp"

#include <algorithm>

#include "graph/builder.hpp"

namespace halftone {

bool leaves_tap_unread(const Graph& graph, const std::set<ValueId>& taps, const std::vector<NodeId>& removed,
                       const Node& replacement) {
    const auto contains = [](const auto& list, const auto& id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    const auto is_lost = [&](ValueId value) {
        if (!taps.contains(value) || graph.is_output(value) || contains(replacement.inputs, value)) return false;
        if (contains(removed, graph.producer(value))) return false;  // inside of the pattern
        const auto& uses = graph.uses(value);
        return std::all_of(uses.begin(), uses.end(), [&](const Use& use) { return contains(removed, use.node); });
    };
    return std::any_of(removed.begin(), removed.end(), [&](NodeId id) {
        const auto& inputs = graph.node(id).inputs;
        return std::any_of(inputs.begin(), inputs.end(), is_lost);
    });
}

std::optional<Pattern> if_shape_stays(const Graph& graph, std::optional<Pattern> pattern) {
    if (!pattern) return std::nullopt;
    const auto rank = [&](ValueId id) { return graph.value(id).type.shape.rank(); };
    const Node& node = pattern->replacement;
    if (rank(node.inputs[0]) != rank(node.outputs[0])) return std::nullopt;
    return pattern;
}

std::optional<Graph> replace_patterns(const Graph& graph, const std::vector<ValueId>& taps, FindPattern find) {
    const std::set<ValueId> visible(taps.begin(), taps.end());
    const PatternReader reader(graph, visible);
    std::vector<Pattern> patterns;
    std::set<NodeId> taken;
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        auto pattern = find(reader, make_id<NodeId>(n));
        if (!pattern) continue;
        const auto is_taken = [&](NodeId id) { return taken.contains(id); };
        if (std::any_of(pattern->nodes.begin(), pattern->nodes.end(), is_taken)) continue;
        if (leaves_tap_unread(graph, visible, pattern->nodes, pattern->replacement)) continue;
        taken.insert(pattern->nodes.begin(), pattern->nodes.end());
        patterns.push_back(std::move(*pattern));
    }
    if (patterns.empty()) return std::nullopt;
    GraphBuilder builder(graph);
    for (Pattern& pattern : patterns) {
        for (const NodeId id : pattern.nodes) builder.remove_node(id);
        for (auto& [input, tensor] : pattern.constants) {
            const std::string name = graph.value(pattern.replacement.outputs[0]).name + "_constant";
            pattern.replacement.inputs[input] = builder.add_constant(builder.fresh_value_name(name), std::move(tensor));
        }
        builder.add_node(std::move(pattern.replacement));
    }
    return std::move(builder).build();
}

}  // namespace halftone
