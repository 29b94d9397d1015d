#pragma once
// Metrics: state is counts or sums, so partial results merge in any grouping; the coordinator merges in shard order.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_node.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

enum class Direction { higher_is_better, lower_is_better };

/// Sums of one metric over some samples; plain numbers that travel between ranks.
struct MetricState {
    std::vector<double> sums;          ///< merged by addition, in shard order
    std::vector<std::int64_t> counts;  ///< merged by addition
    std::int64_t samples = 0;
    void merge(const MetricState& later);
    friend bool operator==(const MetricState&, const MetricState&) = default;
};

class Metric {
public:
    virtual ~Metric() = default;
    [[nodiscard]] virtual MetricState empty() const = 0;
    /// Adds the first `rows` rows of `output` [rows or more, …] with their labels (one each).
    virtual void update(MetricState& state, TensorView output, std::span<const std::int64_t> labels) const = 0;
    /// @pre state.samples > 0
    [[nodiscard]] virtual double value(const MetricState& state) const = 0;
    [[nodiscard]] virtual Direction direction() const = 0;
    /// Where the value is a share of samples: the count of right ones.
    [[nodiscard]] virtual std::optional<std::int64_t> correct(const MetricState& state) const = 0;
    /// By how much each row is right, in the output's units; negative where it is wrong. Empty where the metric
    /// judges no sample by itself. Arguments as in update().
    [[nodiscard]] virtual std::vector<float> margins(TensorView output, std::span<const std::int64_t> labels) const;
};

/// @throws ConfigError for an unknown name or bad settings
[[nodiscard]] std::unique_ptr<Metric> make_metric(const std::string& name, const ConfigNode& node);
[[nodiscard]] std::vector<std::string> metric_names();

/// Interval that holds the true share with a confidence of 95 %.
struct Interval {
    double low;
    double high;
};
/// Returns the interval of a share of `correct` out of `samples`. Source: Wilson's score interval, 1927, z = 1.959964.
/// @throws DataError unless 0 <= correct <= samples and samples > 0; both may come from a file
[[nodiscard]] Interval wilson95(std::int64_t correct, std::int64_t samples);

}  // namespace halftone
