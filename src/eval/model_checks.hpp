#pragma once
// Can the first output of a model be saved as one array over all samples? Asked before any sample is run.

#include "graph/graph.hpp"

namespace halftone {

/// Checks that the graph's first output can be stacked sample by sample.
/// @throws ModelError when it is not fp32 with a row for each sample
void check_output(const Graph& graph);

}  // namespace halftone
