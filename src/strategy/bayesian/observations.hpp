#pragma once
// The observations of the strategy bayesian: all told outcomes, and those from which the model is made.

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "strategy/gp/gaussian_process.hpp"
#include "strategy/subspace.hpp"

namespace halftone {

/// Points with standardised targets, and the parameters of the process that fits them.
struct ObservedModel {
    std::vector<Point> points;
    std::vector<double> targets;  ///< mean 0, deviation 1
    GpParameters parameters = {};
};

class Observations {
public:
    /// @param target  greater is better; empty for a trial that failed
    void add(const Point& point, std::optional<double> target);
    /// Returns whether some trial had a target.
    [[nodiscard]] bool has_targets() const { return worst_.has_value(); }
    /// Makes the model from all observations or, if there are many, from the best and the latest ones.
    /// @pre has_targets()
    void update_model();
    [[nodiscard]] const ObservedModel& model() const { return model_; }

private:
    [[nodiscard]] double target_of(std::size_t trial) const;
    [[nodiscard]] std::vector<std::size_t> select_trials() const;

    std::vector<std::pair<Point, std::optional<double>>> told_;  ///< by trial
    std::optional<double> worst_;                                ///< least target seen; empty while no trial had one
    ObservedModel model_;
    std::size_t fitted_at_ = 0;  ///< number of observations when the parameters were fitted last
};

}  // namespace halftone
