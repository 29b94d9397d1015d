#include "base/registry.hpp"

#include "graph/passes/passes.hpp"
#include "graph/tail/typed_head.hpp"

namespace halftone {

#define HALFTONE_PLUGIN(word, name) Graph name(const Graph&, const OpLibrary&);
#include "graph/passes/list.inc"
#undef HALFTONE_PLUGIN

namespace {

#define HALFTONE_PLUGIN(word, name) {word, name},
constexpr auto kPasses = make_registry<RunPass>({
#include "graph/passes/list.inc"
});
#undef HALFTONE_PLUGIN

}  // namespace

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
