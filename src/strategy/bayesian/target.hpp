#pragma once
// What the strategy bayesian maximises: a candidate's accuracy, or its accuracy and latency in one number.

#include <optional>

#include "trial/latency_table.hpp"
#include "trial/strategy.hpp"

namespace halftone {

class BayesianTarget {
public:
    /// @param weighs_latency  latency counts too; else the target is the accuracy alone
    BayesianTarget(const StrategyContext& context, bool weighs_latency);

    /// Returns the candidate's value, greater is better; nothing for a failed trial or an accuracy that is NaN.
    /// With latency: between -1 and 0 for a candidate that meets the goal, the faster the better; between -2 and -1 for
    /// one that misses it, the closer the better. So every candidate that meets the goal is above all that miss it.
    [[nodiscard]] std::optional<double> value(const Candidate& candidate, const Outcome& outcome) const;

private:
    Goal goal_;
    double baseline_;
    std::optional<LatencyTable> table_;  ///< set if latency counts
    const SearchSpace* space_ = nullptr;
    double slowest_ms_ = 0;  ///< of a candidate with every unit's slowest option
};

}  // namespace halftone
