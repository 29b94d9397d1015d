#pragma once
// X^T X of values, over calibration samples: what GPTQ rounds weights by.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/sample_source.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Runs the first `count` samples once and returns for each value the sum of x^T x over its rows x, that is, over all
/// its dimensions but the last: [K, K] row-major, in double. Only the upper triangle is filled. Padding is left out,
/// and elements that are NaN or infinite count as 0. The sums depend on the samples and on the source's batch, never on
/// ranks, shards or threads.
/// @pre the graph has the values, whose last dimension is known
[[nodiscard]] std::map<std::string, std::vector<double>> input_products(const Graph& graph,
                                                                        const std::vector<std::string>& values,
                                                                        SampleSource& samples, std::int64_t count);

}  // namespace halftone
