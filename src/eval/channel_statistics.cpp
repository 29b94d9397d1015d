#include "eval/channel_statistics.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "exec/session.hpp"
#include "kernel/ops/reference_ops.hpp"

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

/// Adds the first `rows` samples of a value, channel by channel; `mean` holds sums.
void add_rows(TensorView value, std::int64_t rows, bool channels_last, ChannelStatistics& statistics) {
    const Shape& shape = value.type.shape;
    const std::size_t axis = channels_last ? shape.rank() - 1 : std::min<std::size_t>(1, shape.rank() - 1);
    const auto channels = static_cast<std::size_t>(shape[axis]);
    std::size_t inner = 1;  // elements of one channel that lie side by side
    for (std::size_t d = axis + 1; d < shape.rank(); ++d) inner *= static_cast<std::size_t>(shape[d]);
    statistics.mean.resize(channels, 0.0);
    statistics.low.resize(channels, std::numeric_limits<float>::infinity());
    statistics.high.resize(channels, -std::numeric_limits<float>::infinity());
    const std::size_t row = static_cast<std::size_t>(shape.elements() / shape[0]);
    const auto values = value.as<float>().first(row * static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < values.size(); i += inner) {
        const std::size_t channel = i / inner % channels;
        for (const float v : values.subspan(i, inner)) {
            statistics.mean[channel] += static_cast<double>(v);  // in double: a sum of a million floats loses digits
            statistics.low[channel] = std::min(statistics.low[channel], v);
            statistics.high[channel] = std::max(statistics.high[channel], v);
        }
    }
}

}  // namespace

std::map<std::string, ChannelStatistics> channel_statistics(const Graph& graph, const std::vector<std::string>& values,
                                                            SampleSource& samples, std::int64_t count) {
    CompileOptions options{.batch = samples.batch()};  // a session of its own: it lives for this one pass
    std::vector<bool> channels_last;
    for (const std::string& name : values) {
        options.taps.push_back(graph.find_value(name).value());
        channels_last.push_back(has_channels_last(graph, name));
    }
    Session session(graph, reference_ops(), options);
    std::vector<ChannelStatistics> found(values.size());
    std::vector<std::int64_t> positions(values.size(), 0);  // how many elements each channel has had so far
    samples.for_each_batch({0, count}, inputs_of(session), Caching::pass, [&](const SampleBatch& batch) {
        session.run();
        for (std::size_t t = 0; t < values.size(); ++t) {
            const TensorView value = session.tap(t);
            add_rows(value, batch.rows, channels_last[t], found[t]);
            const auto channels = static_cast<std::int64_t>(found[t].mean.size());
            positions[t] += value.type.shape.elements() / value.type.shape[0] * batch.rows / channels;
        }
    });
    std::map<std::string, ChannelStatistics> by_name;
    for (std::size_t t = 0; t < values.size(); ++t) {
        for (double& mean : found[t].mean) mean /= static_cast<double>(positions[t]);
        by_name.emplace(values[t], std::move(found[t]));
    }
    return by_name;
}

}  // namespace halftone
