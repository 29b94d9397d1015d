#include "strategy/bayesian/target.hpp"

#include <algorithm>
#include <cmath>

#include "strategy/assumed_latency.hpp"

namespace halftone {

BayesianTarget::BayesianTarget(const StrategyContext& context, bool weighs_latency)
    : goal_(context.goal), baseline_(context.baseline) {
    if (!weighs_latency) return;
    table_ = context.latency ? context.latency() : assumed_latency(context.space);
    space_ = &context.space;
    for (const auto& row : table_->unit_ms) slowest_ms_ += *std::max_element(row.begin(), row.end());
    slowest_ms_ += table_->rest_ms;
}

std::optional<double> BayesianTarget::value(const Candidate& candidate, const Outcome& outcome) const {
    const auto* score = std::get_if<Score>(&outcome);
    if (score == nullptr || std::isnan(score->accuracy)) return std::nullopt;
    if (!table_) return goal_.higher_is_better() ? score->accuracy : -score->accuracy;
    if (goal_.is_met(Outcome(*score))) return std::max(-1.0, -table_->predict_ms(*space_, candidate) / slowest_ms_);
    // gap / (gap + scale) rises from 0 to 1: a miss by the allowed loss itself is half-way down. A goal that allows no
    // loss at all gets a thousandth of the baseline as its scale, so that near misses still differ from far ones.
    const double gap = goal_.gap(score->accuracy);
    const double scale = std::max(std::abs(baseline_ - goal_.target()), 1e-3 * std::abs(baseline_));
    return -1 - (scale > 0 ? gap / (gap + scale) : 1);
}

}  // namespace halftone
