#pragma once
// Bootstrap: how far a figure of the whole data set, which is no mean over samples, may be off by the choice of
// samples.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metric/intervals.hpp"

namespace halftone {

/// How often each of some samples is drawn.
using DrawnTimes = std::vector<std::int64_t>;

/// How many times samples are drawn anew: enough for the ends of a 95 % interval, and few enough for every trial.
inline constexpr std::size_t kResamples = 200;

/// How many steps one draw may take. A metric of more samples than that goes without an interval: its trials are long
/// enough, and so many samples leave little to chance.
inline constexpr std::size_t kMostResamplingSteps = 6'000'000;

/// Returns `value` of kResamples random samples of the samples, each as large as all of them, drawn with replacement.
/// The draws depend on the number of samples only, so two models that answered the same samples are compared on the
/// same draws.
/// @param samples  at least 1
[[nodiscard]] std::vector<double> resampled_values(std::size_t samples,
                                                   const std::function<double(const DrawnTimes&)>& value);

/// Returns the 95 % interval of baseline - candidate from both models' values on the same draws, its 2.5 % and 97.5 %
/// quantiles (Efron's percentile bootstrap); [NaN, NaN] if the lists differ in length or a value is not finite.
[[nodiscard]] Interval bootstrap95(std::span<const double> baseline, std::span<const double> candidate);

}  // namespace halftone
