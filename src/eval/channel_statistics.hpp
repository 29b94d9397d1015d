#pragma once
// Mean and extremes of each channel of values, over calibration samples: what corrections and smoothing start from.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/sample_source.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Mean and extremes by channel: the last dimension of what a product reads or makes, the second of anything else.
struct ChannelStatistics {
    std::vector<double> mean;
    std::vector<float> low, high;
};

/// Runs the first `count` samples once and returns the statistics by value name. They depend on the samples and on the
/// source's batch, never on ranks or shards. @pre the graph has the values; their batch dimension is the first
[[nodiscard]] std::map<std::string, ChannelStatistics> channel_statistics(const Graph& graph,
                                                                          const std::vector<std::string>& values,
                                                                          SampleSource& samples, std::int64_t count);

}  // namespace halftone
