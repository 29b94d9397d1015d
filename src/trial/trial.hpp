#pragma once
// The values of a search: score, failure, outcome, goal.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "config/run_config.hpp"

namespace halftone {

/// The limits between which an accuracy will lie once every sample is counted.
struct AccuracyBounds {
    double low = 0;
    double high = 0;
    friend bool operator==(const AccuracyBounds&, const AccuracyBounds&) = default;
};

/// The value of one metric.
struct MetricValue {
    std::string name;
    double value = 0;
    friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

/// How much worse than fp32 a model is, in the units of the goal's metric; positive is worse.
struct ScoreLoss {
    double value = 0;
    /// The 95 % interval, from the differences of both models' answers to the same samples, or of their values on the
    /// same random draws of the samples; empty if the metric has neither.
    std::optional<AccuracyBounds> ci95 = {};
    friend bool operator==(const ScoreLoss&, const ScoreLoss&) = default;
};

/// Samples for which the model's output holds NaN or infinity, so that their answers have no meaning.
struct NonfiniteOutputs {
    std::int64_t samples = 0;
    std::vector<std::int64_t> first = {};  ///< numbers of the first of them in the data set, in the order of evaluation
    friend bool operator==(const NonfiniteOutputs&, const NonfiniteOutputs&) = default;
};
/// How many sample numbers NonfiniteOutputs::first holds at most.
inline constexpr std::size_t kNamedSamples = 5;

/// Result of evaluating one candidate on the whole evaluation set, or on a part that proves that it fails.
struct Score {
    double accuracy = 0;                       ///< the value that the goal judges; NaN when ended early
    std::optional<std::int64_t> correct = {};  ///< right samples, if the accuracy is their share
    std::int64_t samples = 0;
    std::int64_t sample_units = 0;              ///< samples x units really executed
    std::optional<AccuracyBounds> bounds = {};  ///< set if the evaluation ended early, after `samples` samples
    std::vector<MetricValue> metrics = {};      ///< every metric, in the order of the config; empty when ended early
    std::optional<ScoreLoss> loss = {};         ///< against fp32; empty when ended early, and for fp32 itself
    NonfiniteOutputs nonfinite = {};
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
/// 0.9298. So "inclusive" allows 4 units of rounding (of 2^-52, relative), far less than the 1/samples between two
/// accuracies.
class Goal {
public:
    Goal(const AccuracyCriterion& criterion, double baseline);
    /// Adds a limit on the loss of one metric: the goal is then met only if that metric keeps to it, too.
    /// @param baseline  the metric's value for the fp32 model
    void add_limit(const std::string& metric, const AccuracyCriterion& criterion, double baseline);

    [[nodiscard]] double target() const { return target_; }
    /// Judges an accuracy alone, without the limits of other metrics.
    [[nodiscard]] bool is_met(double accuracy) const;
    /// Judges an outcome by its accuracy and by all limits. A failure does not meet the goal; neither does a score
    /// without the value of a metric that has a limit.
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
    double slack_;                      ///< rounding that the inclusive limit allows
    std::vector<std::string> limited_;  ///< names of the metrics with a limit
    std::vector<Goal> limits_;          ///< the limits of these metrics, in the same order
};

}  // namespace halftone
