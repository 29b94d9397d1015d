#pragma once
// Delivery: which finished trial is the best so far. Its model is on disk at any time, and is the result of the run.

#include <map>
#include <optional>
#include <vector>

#include "tune/run_context.hpp"

namespace halftone::tune {

/// How two trials are compared: a passing trial is better than a failing one. Of two passing trials the objective
/// decides, if latencies count and the costs differ by more than the noise of a measurement; else fewer units in high
/// precision; else accuracy. Of two failing ones accuracy decides. In a tie the earlier trial stays. A trial that could
/// not be evaluated, or that ended early, is never delivered.
class Delivery {
public:
    /// @param latency  gives the table by which passing trials are compared; empty if costs do not count
    Delivery(const RunContext& run, const Goal& goal, const Score& baseline, LatencySource latency);

    /// Returns whether the trial is the best so far; if so, keeps it.
    bool consider(const FinishedTrial& trial);
    /// Returns the best trial so far; empty while there is none.
    [[nodiscard]] const std::optional<FinishedTrial>& best() const { return best_; }
    /// Makes this trial the best, without a comparison.
    void choose(const FinishedTrial& trial);
    /// Tells the listener of the best trial, if it has changed since the last time.
    void deliver();

    /// Returns the best `count` of the passing trials by the objective, best first.
    [[nodiscard]] std::vector<FinishedTrial> finalists(std::vector<FinishedTrial> passing, std::int64_t count);
    /// Returns the index of the fastest finalist; if other intervals overlap with its interval, of the most accurate of
    /// them all.
    [[nodiscard]] std::size_t choose_finalist(const std::vector<FinishedTrial>& finalists,
                                              const std::vector<MedianInterval>& times_ms) const;

private:
    [[nodiscard]] bool is_better(const FinishedTrial& a, const FinishedTrial& b);
    [[nodiscard]] double cost_of(const FinishedTrial& trial);
    [[nodiscard]] Costs fp32_costs();
    [[nodiscard]] std::size_t high_precision_units(const FinishedTrial& trial) const;

    RunContext run_;
    Goal goal_;
    Score baseline_;
    LatencySource latency_;
    std::optional<Costs> fp32_;             ///< set when costs are compared first
    std::map<std::int64_t, double> costs_;  ///< by trial number
    std::optional<FinishedTrial> best_;
    bool is_best_undelivered_ = false;
};

/// Returns NaN for a failed trial.
[[nodiscard]] double accuracy_of(const FinishedTrial& trial);

}  // namespace halftone::tune
