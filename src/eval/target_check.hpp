#pragma once
// Which samples have targets that the metrics can use, where others may be left out (on_bad_sample: skip). Targets
// alone decide, never what a model answers: every candidate and every rank must leave out the same samples.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>

#include "metric/metric_set.hpp"
#include "tensor/field.hpp"

namespace halftone {

class TargetCheck {
public:
    /// @param metrics  bound to the model's outputs; outlives this
    /// @param place_of  where the targets of a sample lie, for the warning
    TargetCheck(const MetricSet& metrics, std::function<std::string(std::int64_t)> place_of)
        : metrics_(metrics), place_of_(std::move(place_of)) {}

    /// Returns whether the metrics take the targets beside outputs of zeros, and warns of the sample if they do not.
    /// Each sample is tried once.
    [[nodiscard]] bool is_usable(const SampleAnswer& answer);
    /// Returns how many samples were found that cannot be used.
    [[nodiscard]] std::int64_t unusable() const { return static_cast<std::int64_t>(unusable_.size()); }

private:
    const MetricSet& metrics_;
    std::function<std::string(std::int64_t)> place_of_;
    std::unordered_set<std::int64_t> usable_;  ///< numbers in the data set, as in the next
    std::unordered_set<std::int64_t> unusable_;
};

}  // namespace halftone
