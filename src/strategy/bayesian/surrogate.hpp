#pragma once
// The surrogate of the strategy bayesian: a Gaussian process that predicts trials, and the promise of a point, which is
// computed from its prediction (the acquisition function).

#include <cstdint>
#include <span>
#include <vector>

#include "strategy/gp/gaussian_process.hpp"
#include "strategy/subspace.hpp"

namespace halftone {

struct Acquisition {
    enum class Kind : std::uint8_t { ei, ucb };  ///< expected improvement, upper confidence bound
    Kind kind = Kind::ei;
    double kappa = 2.576;  ///< of ucb; LPOT's value, the 99 % quantile of a normal distribution, both sides
    double xi = 0;         ///< of ei: the improvement that counts, in standard deviations of the targets
};

/// Returns the promise of a prediction; greater is better.
///
/// ei, the expected improvement over the best target so far, E[max(0, f - best - xi)] for a normal f:
///   (mean - best - xi) Phi(z) + deviation phi(z),  z = (mean - best - xi) / deviation
/// Source: Jones, Schonlau, Welch, Efficient Global Optimization of Expensive Black-Box Functions (1998), eq. 15.
///
/// ucb, the upper confidence bound: mean + kappa deviation. It explores more the larger kappa is.
/// Source: Srinivas, Krause, Kakade, Seeger, Gaussian Process Optimization in the Bandit Setting (2010), eq. 6.
[[nodiscard]] double promise(const Acquisition& acquisition, const GaussianProcess::Prediction& prediction,
                             double best);

/// A process over standardised targets (mean 0, deviation 1), because it assumes a mean of zero.
class Surrogate {
public:
    Surrogate(std::vector<Point> points, std::vector<double> targets, const GpParameters& parameters,
              const Acquisition& acquisition);

    /// Returns the promise of each point.
    [[nodiscard]] std::vector<double> promises(const std::vector<Point>& points) const;
    /// Returns the predicted target of a point.
    [[nodiscard]] double mean(const Point& point) const { return process_.predict({&point, 1}).front().mean; }

private:
    Acquisition acquisition_;
    double best_;  ///< of the targets
    GaussianProcess process_;
};

}  // namespace halftone
