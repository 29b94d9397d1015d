#pragma once
// Can the output of a model be scored? Asked once, before any sample is run.

#include "graph/graph.hpp"

namespace halftone {

/// Checks that scores can be computed from the graph's first output.
/// @throws ModelError when it is not fp32 with a row for each sample
void check_output(const Graph& graph);

}  // namespace halftone
