#include "exec/passes/lib/pattern_reader.hpp"

#include <algorithm>

#include "graph/builder.hpp"

namespace halftone {

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
