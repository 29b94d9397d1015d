#pragma once
// Latency of compiled graphs: measured, not reproducible; medians of interleaved rounds on pre-loaded inputs.

#include <chrono>
#include <vector>

#include "exec/session.hpp"

namespace halftone {

/// Time of one run in milliseconds.
struct Latency {
    double median_ms = 0;
    double low_ms = 0;  ///< confidence interval of the median, at least 95 % from 6 samples on
    double high_ms = 0;
};

struct LatencyOptions {
    int rounds = 15;                           ///< each session is measured once a round, in turn
    std::chrono::milliseconds round_time{20};  ///< runs of one session in one round last about this long
};

/// Median and its distribution-free interval [x(r), x(n+1-r)]: r is the greatest rank with P(B < r) <= 0.025 for B ~
/// Binomial(n, 1/2), or 1 where there is none. Source: the sign test's interval, e.g. Conover, Practical Nonparametric
/// Statistics, section 3.2. @pre samples is not empty
[[nodiscard]] Latency summarize_latency(std::vector<double> samples_ms);

/// Measures the sessions in turn, round by round, so that a slow phase of the machine hits all alike.
/// Inputs are whatever the sessions' input buffers hold.
[[nodiscard]] std::vector<Latency> measure_latency(std::vector<Session*> sessions, const LatencyOptions& options);

}  // namespace halftone
