#pragma once
// What AWQ must know of the values that products read: magnitudes of channels, and some rows.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/sample_source.hpp"
#include "exec/awq.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Runs the first `count` samples once and returns for each value the magnitudes of all its rows, that is, over all its
/// dimensions but the last, and 128 to 256 of the rows, evenly spread (all of them if there are fewer). Padding is left
/// out, and elements that are NaN or infinite count as 0. The result depends on the samples and on the source's batch,
/// never on ranks or threads. @pre the graph has the values, whose last dimension is known
[[nodiscard]] std::map<std::string, AwqInput> awq_inputs(const Graph& graph, const std::vector<std::string>& values,
                                                         SampleSource& samples, std::int64_t count);

}  // namespace halftone
