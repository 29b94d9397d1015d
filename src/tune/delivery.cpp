#include "tune/delivery.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace halftone::tune {
namespace {

/// Costs that differ by less than this share are the same: it is the noise of a latency table.
constexpr double kCostNoise = 0.01;

bool weighs_bytes(const ObjectiveWeights& weights) { return weights.model_bytes > 0 || weights.footprint > 0; }

}  // namespace

double accuracy_of(const FinishedTrial& trial) {
    const auto* score = std::get_if<Score>(&trial.outcome);
    return score ? score->accuracy : std::numeric_limits<double>::quiet_NaN();
}

Delivery::Delivery(const RunContext& run, const Goal& goal, const Score& baseline, LatencySource latency)
    : run_(run), goal_(goal), baseline_(baseline), latency_(std::move(latency)) {}

std::size_t Delivery::high_precision_units(const FinishedTrial& trial) const {
    return run_.services.space().plan(trial.candidate).high_precision_units();
}

Costs Delivery::fp32_costs() {
    const ObjectiveWeights& weights = run_.settings.objective;
    Costs costs = weighs_bytes(weights) ? run_.services.fp32_costs() : Costs{};
    const auto fp32 = all_fp32(run_.services.space());
    if (weights.latency > 0 && fp32) costs.latency_ms = latency_().predict_ms(run_.services.space(), *fp32);
    return costs;
}

// The objective: a weighted sum of costs, each as a share of what fp32 costs, so that milliseconds and bytes can be
// added. The loss of accuracy counts as a share of the baseline. A trial's cost is computed once; it needs the exported
// model where bytes are weighed.
double Delivery::cost_of(const FinishedTrial& trial) {
    const auto known = costs_.find(trial.trial.value);
    if (known != costs_.end()) return known->second;
    const ObjectiveWeights& weights = run_.settings.objective;
    if (!fp32_) fp32_ = fp32_costs();
    Costs costs = weighs_bytes(weights) ? run_.services.costs(trial.candidate) : Costs{};
    if (weights.latency > 0) costs.latency_ms = latency_().predict_ms(run_.services.space(), trial.candidate);
    // Without an fp32 value a cost counts by itself; comparisons are between candidates anyway.
    const auto share = [](double value, double fp32) { return fp32 > 0 ? value / fp32 : value; };
    const double baseline = baseline_.accuracy;
    const double loss = goal_.higher_is_better() ? baseline - accuracy_of(trial) : accuracy_of(trial) - baseline;
    const double cost =
        weights.accuracy * share(loss, std::abs(baseline)) +
        weights.latency * share(costs.latency_ms, fp32_->latency_ms) +
        weights.model_bytes * share(static_cast<double>(costs.model_bytes), static_cast<double>(fp32_->model_bytes)) +
        weights.footprint *
            share(static_cast<double>(costs.footprint_bytes), static_cast<double>(fp32_->footprint_bytes));
    costs_.emplace(trial.trial.value, cost);
    return cost;
}

bool Delivery::is_better(const FinishedTrial& a, const FinishedTrial& b) {
    if (a.is_pass != b.is_pass) return a.is_pass;
    if (a.is_pass && latency_) {
        const double mine = cost_of(a);
        const double other = cost_of(b);
        // Below the noise of the table the more accurate one wins, and not the one with the luckier prediction.
        if (std::abs(mine - other) > kCostNoise * std::max(mine, other)) return mine < other;
    } else if (a.is_pass && high_precision_units(a) != high_precision_units(b)) {
        return high_precision_units(a) < high_precision_units(b);
    }
    return goal_.is_better(accuracy_of(a), accuracy_of(b));
}

bool Delivery::consider(const FinishedTrial& trial) {
    const auto* score = std::get_if<Score>(&trial.outcome);
    // A trial that ended early has no accuracy, so it can never be the best.
    if (score == nullptr || score->bounds) return false;
    if (best_ && !is_better(trial, *best_)) return false;
    best_ = trial;
    is_best_undelivered_ = true;
    return true;
}

void Delivery::choose(const FinishedTrial& trial) {
    if (!best_ || best_->trial != trial.trial) is_best_undelivered_ = true;
    best_ = trial;
}

void Delivery::deliver() {
    // Writing a model takes time, so only the last best one of several results that came in together is written.
    if (!is_best_undelivered_) return;
    run_.listener.on_best(*best_, baseline_);
    is_best_undelivered_ = false;
}

std::vector<FinishedTrial> Delivery::finalists(std::vector<FinishedTrial> passing, std::int64_t count) {
    std::stable_sort(passing.begin(), passing.end(),
                     [&](const auto& a, const auto& b) { return cost_of(a) < cost_of(b); });
    if (std::cmp_greater(passing.size(), count)) passing.resize(static_cast<std::size_t>(count));
    return passing;
}

std::size_t Delivery::choose_finalist(const std::vector<FinishedTrial>& finalists,
                                      const std::vector<MedianInterval>& times_ms) const {
    // The fastest median sets the mark. All whose intervals reach it may be as fast, and of these the most accurate is
    // taken.
    std::size_t fastest = 0;
    for (std::size_t i = 1; i < times_ms.size(); ++i) {
        if (times_ms[i].median < times_ms[fastest].median) fastest = i;
    }
    std::size_t chosen = fastest;
    for (std::size_t i = 0; i < times_ms.size(); ++i) {
        if (times_ms[i].low > times_ms[fastest].high) continue;  // slower beyond the noise
        if (goal_.is_better(accuracy_of(finalists[i]), accuracy_of(finalists[chosen]))) chosen = i;
    }
    return chosen;
}

}  // namespace halftone::tune
