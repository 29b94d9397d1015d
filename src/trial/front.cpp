#include "trial/front.hpp"

#include <algorithm>

namespace halftone {
namespace {

/// True when `a` is nowhere worse than `b`, and somewhere better.
bool dominates(const FrontPoint& a, const FrontPoint& b, bool higher_is_better) {
    const double gain = higher_is_better ? a.accuracy - b.accuracy : b.accuracy - a.accuracy;
    if (gain < 0 || a.latency_ms > b.latency_ms || a.bytes > b.bytes) return false;
    return gain > 0 || a.latency_ms < b.latency_ms || a.bytes < b.bytes;
}

}  // namespace

std::vector<FrontPoint> pareto_front(const std::vector<FrontPoint>& points, bool higher_is_better) {
    // Every pair is compared: a run has some hundred trials, so the square is small.
    std::vector<FrontPoint> front;
    for (const FrontPoint& point : points) {
        const auto beats_it = [&](const FrontPoint& other) { return dominates(other, point, higher_is_better); };
        if (std::none_of(points.begin(), points.end(), beats_it)) front.push_back(point);
    }
    // Stable, so that points of equal latency stay in the order of the trials for any standard library.
    std::stable_sort(front.begin(), front.end(),
                     [](const FrontPoint& a, const FrontPoint& b) { return a.latency_ms < b.latency_ms; });
    return front;
}

}  // namespace halftone
