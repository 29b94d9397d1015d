#include "eval/channel_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "eval/tapped_values.hpp"

namespace halftone {
namespace {

/// Does the value have its channels last (a product's rows) or second (images)?
bool has_channels_last(const Graph& graph, const std::string& value) {
    const auto id = graph.find_value(value);
    HALFTONE_CHECK(id.has_value(), "the graph has the value " + value);
    const auto is_product = [&](NodeId node) {
        return node.is_valid() && (graph.node(node).op == "Gemm" || graph.node(node).op == "MatMul");
    };
    // What a product makes or reads is [.., channels]. An image that a Conv reads as well keeps its channels second.
    if (is_product(graph.producer(*id))) return true;
    const auto& uses = graph.uses(*id);
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return is_product(use.node); }) &&
           std::none_of(uses.begin(), uses.end(), [&](const Use& use) { return graph.node(use.node).op == "Conv"; });
}

/// Adds the samples of a value, channel by channel; `mean` holds sums. A value may have several rows for each sample.
/// Elements that are NaN or infinite are left out, as in calibration.
/// @param runs      elements that belong to samples
/// @param counts    how many elements each channel has had so far
void add_elements(TensorView value, const std::vector<UsedRun>& runs, bool channels_last, ChannelStatistics& statistics,
                  std::vector<std::int64_t>& counts) {
    const Shape& shape = value.type.shape;
    const std::size_t axis = channels_last ? shape.rank() - 1 : std::min<std::size_t>(1, shape.rank() - 1);
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

std::map<std::string, ChannelStatistics> channel_statistics(const Graph& graph, const std::vector<std::string>& values,
                                                            SampleSource& samples, std::int64_t count) {
    std::vector<bool> channels_last;
    for (const std::string& name : values) channels_last.push_back(has_channels_last(graph, name));
    std::vector<ChannelStatistics> found(values.size());
    std::vector<std::vector<std::int64_t>> counts(values.size());
    for_each_tapped_value(graph, values, samples, count,
                          [&](std::size_t t, const TensorView& value, const std::vector<UsedRun>& runs) {
                              add_elements(value, runs, channels_last[t], found[t], counts[t]);
                          });
    std::map<std::string, ChannelStatistics> by_name;
    for (std::size_t t = 0; t < values.size(); ++t) {
        for (std::size_t c = 0; c < found[t].mean.size(); ++c) {
            found[t].mean[c] /= static_cast<double>(std::max<std::int64_t>(1, counts[t][c]));
        }
        by_name.emplace(values[t], std::move(found[t]));
    }
    return by_name;
}

}  // namespace halftone
