#pragma once
// Mean and extremes of each channel of values, over calibration samples: what corrections and smoothing start from.

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "eval/sample_source.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// Where a value has its channels: second in what a convolution reads or makes, last in the rows of a product. A value
/// that both read has both.
enum class ChannelDim : std::uint8_t { second, last };

/// A value, and along which axis it is looked at.
struct ChannelsOf {
    std::string value;
    ChannelDim axis = ChannelDim::second;
    friend auto operator<=>(const ChannelsOf&, const ChannelsOf&) = default;
};

/// Mean and extremes by channel.
struct ChannelStatistics {
    std::vector<double> mean;
    std::vector<float> low, high;
};

/// Runs the first `count` samples once and returns the statistics of each value. They depend on the samples and on the
/// source's batch, never on ranks or shards. @pre the graph has the values; their batch dimension is the first
[[nodiscard]] std::map<ChannelsOf, ChannelStatistics> channel_statistics(const Graph& graph,
                                                                         const std::set<ChannelsOf>& values,
                                                                         SampleSource& samples, std::int64_t count);

}  // namespace halftone
