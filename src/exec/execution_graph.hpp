#pragma once
// ExecutionGraph: the graph that a session really compiles, after all passes of exec/passes.

#include <cstdint>
#include <memory>
#include <vector>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

class ExecutionGraph {
public:
    /// Applies the passes in order. `given` is copied only if a pass changes it, so it must outlive this object.
    /// @param taps  values of `given` that must stay readable
    /// @throws ModelError as the passes
    ExecutionGraph(const Graph& given, const OpLibrary& ops, std::int64_t batch, std::vector<ValueId> taps);

    /// Returns the graph to compile. Its first outputs are those of the given graph; values behind them are taps.
    [[nodiscard]] const Graph& graph() const { return *graph_; }
    /// Returns the taps as values of graph(), in the order in which they were given.
    [[nodiscard]] const std::vector<ValueId>& taps() const { return taps_; }

private:
    void replace(const Graph& graph);

    const Graph* graph_;
    std::vector<ValueId> taps_;
    std::unique_ptr<Graph> own_;  ///< null while no pass has changed the given graph
};

}  // namespace halftone
