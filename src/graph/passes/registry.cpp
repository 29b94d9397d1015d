#include "base/registry.hpp"

#include "graph/passes/passes.hpp"
#include "graph/tail/typed_head.hpp"

namespace halftone {

using PassFunction = Graph(const Graph&, const OpLibrary&);
#define HALFTONE_LIST "graph/passes/list.inc"
#define HALFTONE_TABLE kPasses
#define HALFTONE_FACTORY PassFunction
#define HALFTONE_NAME(name) name
#include "base/plugin_table.inc"

std::span<const Pass> all_passes() { return kPasses.rows(); }

Graph run_passes(const Graph& graph, const OpLibrary& ops) {
    Graph current = typed_head(graph, ops);
    // Types again after each pass that changed something: the next one relies on them, and so do all later readers of
    // the graph.
    for (const Pass& pass : all_passes()) {
        if (pass.value == infer_types) continue;  // the graph is typed already, and again after each pass below
        const Graph changed = pass.value(current, ops);
        if (!changed.shares_memory_with(current)) current = infer_types(changed, ops);
    }
    return current;
}

}  // namespace halftone
