#include "exec/execution_graph.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "exec/apply_plan.hpp"
#include "exec/passes/passes.hpp"

namespace halftone {
namespace {

/// The values of `to` that are called as those of `from`. Ids change with every rewrite; names do not.
std::vector<ValueId> same_names(const Graph& from, const std::vector<ValueId>& ids, const Graph& to) {
    std::vector<ValueId> found;
    for (const ValueId id : ids) {
        const auto value = to.find_value(from.value(id).name);
        HALFTONE_CHECK(value.has_value(), "a pass keeps the taps");
        found.push_back(*value);
    }
    return found;
}

}  // namespace

ExecutionGraph::ExecutionGraph(const Graph& given, const OpLibrary& ops, std::int64_t batch, std::vector<ValueId> taps)
    : graph_(&given), taps_(std::move(taps)) {
    // In the order of the list, each once: fuse_tables is last, because the passes before it make some of the chains
    // that it replaces.
    const std::set<std::string> bf16 = bf16_nodes(given);
    for (const auto& [word, pass] : exec_passes()) {
        if (auto graph = pass(*graph_, {.ops = ops, .batch = batch, .taps = taps_, .bf16 = bf16})) replace(*graph);
    }
}

void ExecutionGraph::replace(const Graph& graph) {
    auto own = std::make_unique<Graph>(graph);
    taps_ = same_names(*graph_, taps_, *own);  // before the graph goes that the old ids belong to
    own_ = std::move(own);
    graph_ = own_.get();
}

}  // namespace halftone
