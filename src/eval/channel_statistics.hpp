#pragma once
// Mean and extremes of each channel of values, over calibration samples: what corrections and smoothing start from.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Where samples come from and how they are run; the results depend on both, never on ranks or shards.
struct CorrectionSamples {
    const Pipeline* data = nullptr;
    std::int64_t count = 0;
    std::int64_t batch = 1;
};

/// By channel: the last dimension of what a product reads or makes, the second of anything else.
struct ChannelStatistics {
    std::vector<double> mean;
    std::vector<float> low, high;
};

/// By value name. Runs the samples once. @pre the graph has the values; their batch comes first
[[nodiscard]] std::map<std::string, ChannelStatistics> channel_statistics(const Graph& graph,
                                                                          const std::vector<std::string>& values,
                                                                          const CorrectionSamples& samples);

}  // namespace halftone
