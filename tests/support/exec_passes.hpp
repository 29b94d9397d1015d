#pragma once
// One pass of exec/passes, applied to a graph:
//   const auto fused = test::apply_pass("fuse_tables", graph);

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "exec/passes/passes.hpp"
#include "kernel/ops/reference_ops.hpp"

namespace halftone::test {

/// Returns what the pass makes of the graph; nothing if it changes nothing.
inline std::optional<Graph> apply_pass(std::string_view pass, const Graph& graph, std::vector<ValueId> taps = {},
                                       std::int64_t batch = 1) {
    return exec_pass(pass)(graph, {.ops = reference_ops(), .batch = batch, .taps = std::move(taps)});
}

}  // namespace halftone::test
