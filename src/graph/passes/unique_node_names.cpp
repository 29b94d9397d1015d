// unique_node_names: no two nodes have one name afterwards. ONNX allows it (a block that is called twice), but ONNX
// Runtime refuses such a file, and a report or a config must name a node without doubt.
#include <set>
#include <string>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// Main nodes of units take the names under which configs and plans know the units. Of other nodes of one name the
/// first keeps it, if no unit has it, and the others get a number. Nodes without a name stay so.
Graph unique_node_names(const Graph& graph, const OpLibrary&) {
    std::set<std::string> seen;
    bool is_unique = true;
    for (const Node& node : graph.nodes()) {
        if (!node.name.empty()) is_unique = seen.insert(node.name).second && is_unique;
    }
    if (is_unique) return graph;

    GraphBuilder builder(graph);
    std::set<std::string> taken;
    std::set<NodeId> is_named;
    for (const Unit& unit : find_units(graph)) {
        taken.insert(unit.name);
        if (graph.node(unit.main).name.empty()) continue;
        builder.node(unit.main).name = unit.name;
        is_named.insert(unit.main);
    }
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        const std::string& name = graph.node(id).name;
        if (name.empty() || is_named.contains(id)) continue;
        std::string own = name;
        while (!taken.insert(own).second) own = builder.fresh_node_name(name);
        builder.node(id).name = own;
    }
    return std::move(builder).build();
}

}  // namespace halftone
