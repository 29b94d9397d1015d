#pragma once
// What exporters write as several operators, as the one that it is: for execution only, a file keeps its own nodes.

#include <optional>
#include <set>

#include "graph/graph.hpp"

namespace halftone {

/// x - mean(x) … as LayerNormalization, x / sqrt(2) → Erf … as Gelu, x * Sigmoid(x) as Swish; equal up to rounding.
/// Nothing if there is no such pattern. The values in `visible`, and outputs, are kept: a pattern that has one inside
/// stays as it is. Names of what is kept do not change.
/// @pre types are known
[[nodiscard]] std::optional<Graph> fuse_patterns(const Graph& graph, const std::set<ValueId>& visible);

}  // namespace halftone
