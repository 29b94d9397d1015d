#include "front.hpp"

#include <algorithm>

#include "costs.hpp"

namespace halftone::app {
namespace {

/// a is nowhere worse than b, and somewhere better.
bool beats(const FrontPoint& a, const FrontPoint& b, bool higher_is_better) {
    const double gain = higher_is_better ? a.accuracy - b.accuracy : b.accuracy - a.accuracy;
    if (gain < 0 || a.latency_ms > b.latency_ms || a.bytes > b.bytes) return false;
    return gain > 0 || a.latency_ms < b.latency_ms || a.bytes < b.bytes;
}

}  // namespace

std::vector<FrontPoint> find_front(Workbench& bench, const tune::Result& result, bool higher_is_better) {
    if (!result.latency) return {};
    std::vector<FrontPoint> all;
    for (const tune::FinishedTrial& trial : result.scored) {
        all.push_back({.trial = trial.trial.value,
                       .accuracy = std::get<Score>(trial.outcome).accuracy,
                       .latency_ms = result.latency->of(*bench.space, trial.candidate),
                       .bytes = exported_bytes(bench.evaluator->quantized(trial.candidate).graph)});
    }
    std::vector<FrontPoint> front;
    for (const FrontPoint& point : all) {
        const auto beats_it = [&](const FrontPoint& other) { return beats(other, point, higher_is_better); };
        if (std::none_of(all.begin(), all.end(), beats_it)) front.push_back(point);
    }
    std::stable_sort(front.begin(), front.end(),
                     [](const auto& a, const auto& b) { return a.latency_ms < b.latency_ms; });
    return front;
}

}  // namespace halftone::app
