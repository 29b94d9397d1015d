#include "metric/metric.hpp"

#include <cmath>
#include <string>

#include "base/check.hpp"
#include "base/error.hpp"

namespace halftone {

std::vector<float> Metric::margins(TensorView, std::span<const std::int64_t>) const { return {}; }

void MetricState::merge(const MetricState& later) {
    HALFTONE_CHECK(sums.size() == later.sums.size() && counts.size() == later.counts.size(),
                   "states of one metric have one layout");
    // Sums of floats depend on their order, so whoever merges keeps to the order of shards; counts do not care.
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += later.sums[i];
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += later.counts[i];
    samples += later.samples;
}

Interval wilson95(std::int64_t correct, std::int64_t samples) {
    // The counts may come from a journal that somebody edited, so they are input and not our own.
    if (samples <= 0 || correct < 0 || correct > samples) {
        throw DataError("no share of samples: " + std::to_string(correct) + " correct of " + std::to_string(samples));
    }
    constexpr double kZ = 1.959964;  // 97.5 % quantile of N(0, 1)
    // The names follow the paper: a share that is drawn towards 1/2, the less the more samples there are.
    const auto n = static_cast<double>(samples);
    const double share = static_cast<double>(correct) / n;
    const double shrink = 1 / (1 + kZ * kZ / n);
    const double centre = shrink * (share + kZ * kZ / (2 * n));
    const double half_width = shrink * kZ * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
    // At its ends the interval reaches 0 and 1 exactly; the formula only does so up to rounding.
    return {correct == 0 ? 0.0 : centre - half_width, correct == samples ? 1.0 : centre + half_width};
}

}  // namespace halftone
