#pragma once
// The Pareto front of a run: all trials for which no other trial is better in accuracy, latency and size at once.

#include <cstdint>
#include <vector>

namespace halftone {

/// One trial as the front sees it.
struct FrontPoint {
    std::int64_t trial = 0;  ///< number of the trial
    double accuracy = 0;     ///< value of the goal's metric
    double latency_ms = 0;   ///< predicted by the latency table
    std::int64_t bytes = 0;  ///< of the exported model
    friend bool operator==(const FrontPoint&, const FrontPoint&) = default;
};

/// Returns the points that no other point dominates, fastest first; points of equal latency keep their order. A point
/// dominates another if it is worse in nothing and better in something, so two equal points both stay.
[[nodiscard]] std::vector<FrontPoint> pareto_front(const std::vector<FrontPoint>& points, bool higher_is_better);

}  // namespace halftone
