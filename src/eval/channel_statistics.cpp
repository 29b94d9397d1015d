#include "eval/channel_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "eval/tapped_values.hpp"

namespace halftone {
namespace {

/// Adds the samples of a value, channel by channel; `mean` holds sums. A value may have several rows for each sample.
/// Elements that are NaN or infinite are left out, as in calibration.
/// @param runs      elements that belong to samples
/// @param counts    how many elements each channel has had so far
void add_elements(TensorView value, const std::vector<UsedRun>& runs, ChannelDim along, ChannelStatistics& statistics,
                  std::vector<std::int64_t>& counts) {
    const Shape& shape = value.type.shape;
    const std::size_t axis = along == ChannelDim::last ? shape.rank() - 1 : std::min<std::size_t>(1, shape.rank() - 1);
    const auto channels = static_cast<std::size_t>(shape[axis]);
    std::size_t inner = 1;  // elements of one channel that lie side by side
    for (std::size_t d = axis + 1; d < shape.rank(); ++d) inner *= static_cast<std::size_t>(shape[d]);
    counts.resize(channels, 0);
    statistics.mean.resize(channels, 0.0);
    statistics.low.resize(channels, std::numeric_limits<float>::infinity());
    statistics.high.resize(channels, -std::numeric_limits<float>::infinity());
    const auto values = value.as<float>();
    for (const UsedRun& run : runs) {
        for (std::size_t i = run.begin; i < run.begin + run.count; ++i) {
            const float v = values[i];
            if (!std::isfinite(v)) continue;
            const std::size_t channel = i / inner % channels;
            ++counts[channel];
            statistics.mean[channel] += static_cast<double>(v);  // in double: a sum of a million floats loses digits
            statistics.low[channel] = std::min(statistics.low[channel], v);
            statistics.high[channel] = std::max(statistics.high[channel], v);
        }
    }
}

}  // namespace

std::map<ChannelsOf, ChannelStatistics> channel_statistics(const Graph& graph, const std::set<ChannelsOf>& values,
                                                           SampleSource& samples, std::int64_t count) {
    struct Sums {
        ChannelStatistics statistics;
        std::vector<std::int64_t> counts;  ///< elements by channel
    };
    std::map<ChannelsOf, Sums> sums;
    std::vector<std::string> names;  // each once: of one name, values along both axes lie side by side
    for (const ChannelsOf& wanted : values) {
        sums[wanted];
        if (names.empty() || names.back() != wanted.value) names.push_back(wanted.value);
    }
    for_each_tapped_value(graph, names, samples, count,
                          [&](std::size_t t, const TensorView& value, const std::vector<UsedRun>& runs) {
                              for (const ChannelDim axis : {ChannelDim::second, ChannelDim::last}) {
                                  const auto wanted = sums.find({names[t], axis});
                                  if (wanted == sums.end()) continue;
                                  auto& [statistics, counts] = wanted->second;
                                  add_elements(value, runs, axis, statistics, counts);
                              }
                          });
    std::map<ChannelsOf, ChannelStatistics> found;
    for (auto& [wanted, sum] : sums) {
        for (std::size_t c = 0; c < sum.counts.size(); ++c) {
            sum.statistics.mean[c] /= static_cast<double>(std::max<std::int64_t>(1, sum.counts[c]));
        }
        found.emplace(wanted, std::move(sum.statistics));
    }
    return found;
}

}  // namespace halftone
