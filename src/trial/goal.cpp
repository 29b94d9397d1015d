#include <algorithm>
#include <cmath>
#include <limits>

#include "trial/trial.hpp"

namespace halftone {
namespace {

/// baseline - loss and correct / samples are each rounded once or twice; 4 units of 2^-52 cover both.
constexpr double kSlackUnits = 4.0;

}  // namespace

Goal::Goal(const AccuracyCriterion& criterion, double baseline) : higher_is_better_(criterion.higher_is_better) {
    const double loss = criterion.is_relative ? criterion.loss * std::abs(baseline) : criterion.loss;
    // |baseline|, so that a negative baseline (a log likelihood) does not turn the allowed loss into a gain.
    target_ = higher_is_better_ ? baseline - loss : baseline + loss;
    slack_ = kSlackUnits * std::numeric_limits<double>::epsilon() * std::max(std::abs(baseline), std::abs(target_));
}

bool Goal::is_met(double accuracy) const {
    // Written so that a NaN on either side compares false.
    return higher_is_better_ ? accuracy >= target_ - slack_ : accuracy <= target_ + slack_;
}

// Even the best accuracy that is still possible misses the goal.
bool Goal::is_out_of_reach(const AccuracyBounds& bounds) const {
    return !is_met(higher_is_better_ ? bounds.high : bounds.low);
}

void Goal::add_limit(const std::string& metric, const AccuracyCriterion& criterion, double baseline) {
    limited_.push_back(metric);
    limits_.emplace_back(criterion, baseline);
}

bool Goal::is_met(const Outcome& outcome) const {
    const auto* score = std::get_if<Score>(&outcome);
    if (score == nullptr || !is_met(score->accuracy)) return false;
    for (std::size_t i = 0; i < limits_.size(); ++i) {
        const auto is_limited = [&](const MetricValue& metric) { return metric.name == limited_[i]; };
        const auto found = std::find_if(score->metrics.begin(), score->metrics.end(), is_limited);
        if (found == score->metrics.end() || !limits_[i].is_met(found->value)) return false;
    }
    return true;
}

bool Goal::is_better(double a, double b) const {
    if (std::isnan(a)) return false;
    if (std::isnan(b)) return true;
    return higher_is_better_ ? a > b : a < b;
}

// min(…, 0) where the goal is met by rounding only: the gap of a goal that is met is never positive.
double Goal::gap(double accuracy) const {
    const double missing = higher_is_better_ ? target_ - accuracy : accuracy - target_;
    if (std::isnan(missing)) return std::numeric_limits<double>::infinity();
    return is_met(accuracy) ? std::min(missing, 0.0) : missing;
}

}  // namespace halftone
