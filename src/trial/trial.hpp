#pragma once
// The words of a search: score, failure, outcome, goal.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/ids.hpp"
#include "config/run_config.hpp"

namespace halftone {

/// Between these an accuracy lies once every sample is counted.
struct AccuracyBounds {
    double low = 0;
    double high = 0;
    friend bool operator==(const AccuracyBounds&, const AccuracyBounds&) = default;
};

/// Result of evaluating one candidate on the whole evaluation set, or on as much of it as settles that it fails.
struct Score {
    double accuracy = 0;                       ///< the metric's value; NaN when ended early
    std::optional<std::int64_t> correct = {};  ///< where the metric is a share of samples
    std::int64_t samples = 0;
    std::int64_t sample_units = 0;              ///< samples x units really executed
    std::optional<AccuracyBounds> bounds = {};  ///< set if the evaluation ended early, after `samples` samples
    friend bool operator==(const Score&, const Score&) = default;
};

/// A candidate that could not be evaluated; the search goes on.
struct TrialFailure {
    std::string reason;
    friend bool operator==(const TrialFailure&, const TrialFailure&) = default;
};

using Outcome = std::variant<Score, TrialFailure>;

/// The accuracy goal as a limit, sign-safe: loss = higher_is_better ? baseline - accuracy : accuracy - baseline,
/// allowed up to `loss` (absolute) or loss * |baseline| (relative), inclusive. NaN never meets it, as accuracy or as
/// baseline. The limit is a rounded number, and so is every accuracy: 0.9328 - 0.003 is not the double nearest to
/// 0.9298. So "inclusive" allows 4 units of rounding (of 2^-52, relative), far below the 1/samples between two
/// accuracies.
class Goal {
public:
    Goal(const AccuracyCriterion& criterion, double baseline);
    [[nodiscard]] double target() const { return target_; }
    [[nodiscard]] bool is_met(double accuracy) const;
    [[nodiscard]] bool is_met(const Outcome& outcome) const;
    /// True when a is strictly better than b in the metric's direction; NaN is worse than everything.
    [[nodiscard]] bool is_better(double a, double b) const;
    /// Returns true when no accuracy within the bounds meets the goal.
    [[nodiscard]] bool is_out_of_reach(const AccuracyBounds& bounds) const;
    /// Returns how much is missing, in metric units; at most 0 when the goal is met, infinite for NaN.
    [[nodiscard]] double gap(double accuracy) const;
    [[nodiscard]] bool higher_is_better() const { return higher_is_better_; }

private:
    bool higher_is_better_;
    double target_;
    double slack_;  ///< rounding that the inclusive limit forgives
};

}  // namespace halftone
