#include <array>

#include "graph/passes/passes.hpp"

namespace halftone {

#define HALFTONE_PASS(name) Graph name(const Graph&, const OpLibrary&);
#include "graph/passes/list.inc"
#undef HALFTONE_PASS

namespace {

#define HALFTONE_PASS(name) Pass{#name, name},
constexpr std::array kPasses{
#include "graph/passes/list.inc"
};
#undef HALFTONE_PASS

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

Graph run_passes(const Graph& graph, const OpLibrary& ops) {
    Graph current = graph;
    // Types again after each pass: the next one relies on them, and so do all later readers of the graph.
    for (const Pass& pass : all_passes()) current = infer_types(pass.run(current, ops), ops);
    return current;
}

}  // namespace halftone
