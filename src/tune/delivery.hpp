#pragma once
// Which finished trial is the best so far: what is on disk at any time, and what the run ends with.

#include <functional>
#include <map>
#include <optional>

#include "journal/format.hpp"
#include "tune/tuner.hpp"

namespace halftone::tune {

/// Passing beats failing. Among passing ones the objective decides, where its costs are known and differ by more than
/// what a measurement can tell; else fewest high-precision units; then accuracy. Among failing ones accuracy. Ties: the
/// earlier trial stays. A failed trial, or one that ended early, is never delivered.
class Delivery {
public:
    /// @param latency  empty: costs are not looked at
    Delivery(const CoordinatorSetup& setup, const Goal& goal, double baseline, LatencySource latency);

    /// @return it is the best so far
    bool consider(const FinishedTrial& trial);
    [[nodiscard]] const std::optional<FinishedTrial>& best() const { return best_; }
    void choose(const FinishedTrial& trial) { best_ = trial; }
    /// Of the passing trials, the best `count` by objective, best first.
    [[nodiscard]] std::vector<FinishedTrial> finalists(std::vector<FinishedTrial> passing, std::int64_t count);
    /// The fastest of the finalists; among those whose interval overlaps with the fastest one's, the most accurate.
    [[nodiscard]] std::size_t choose_finalist(const std::vector<FinishedTrial>& finalists,
                                              const std::vector<MedianInterval>& timings) const;

private:
    [[nodiscard]] bool is_better(const FinishedTrial& a, const FinishedTrial& b);
    /// In fp32's costs, weighted.
    [[nodiscard]] double cost_of(const FinishedTrial& trial);
    [[nodiscard]] std::size_t high_precision_units(const FinishedTrial& trial) const;

    const CoordinatorSetup& setup_;
    Goal goal_;
    double baseline_;
    LatencySource latency_;
    std::optional<Costs> fp32_;
    std::map<std::int64_t, double> costs_;  ///< by trial
    std::optional<FinishedTrial> best_;
};

/// NaN for a failed trial.
[[nodiscard]] double accuracy_of(const FinishedTrial& trial);

}  // namespace halftone::tune
