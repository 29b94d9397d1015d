#pragma once
// Latency of compiled graphs: measured, not reproducible; medians of interleaved rounds on pre-loaded inputs.

#include <chrono>
#include <span>
#include <vector>

#include "base/median_interval.hpp"
#include "exec/session.hpp"

namespace halftone {

struct LatencyOptions {
    int rounds = 15;                           ///< each session is measured once a round, in turn
    std::chrono::milliseconds round_time{20};  ///< runs of one session in one round last about this long
};

/// Returns the median of the samples and its distribution-free interval [x(r), x(n+1-r)]: r is the greatest rank with
/// P(B < r) <= 0.025 for B ~ Binomial(n, 1/2), or 1 where there is none. The confidence is at least 95 % from 6 samples
/// on. The unit is that of the samples. Source: the sign test's interval, e.g. Conover, Practical Nonparametric
/// Statistics, section 3.2. @pre samples is not empty
[[nodiscard]] MedianInterval median_with_interval(std::vector<double> samples);

/// How a round of one session is cut: groups of runs, each of which is timed as a whole.
struct RoundShape {
    int groups = 1;
    int runs = 1;  ///< in a group
    friend bool operator==(const RoundShape&, const RoundShape&) = default;
};

/// Returns the shape of rounds that last about `round_time`. The fastest of the first runs decides, because a run that
/// another program has interrupted says nothing of the model. If it did, that session would get short rounds that are
/// rarely interrupted, and would be compared with long rounds of other sessions.
/// @pre first_runs_ms is not empty
[[nodiscard]] RoundShape round_shape(std::span<const double> first_runs_ms, std::chrono::milliseconds round_time);

/// Measures the sessions in turn, round by round, so that a slow phase of the machine hits all alike. Inputs are
/// whatever the sessions' input buffers hold.
/// @return milliseconds of one run, for each session in their order
[[nodiscard]] std::vector<MedianInterval> measure_latency(std::vector<Session*> sessions,
                                                          const LatencyOptions& options);

}  // namespace halftone
