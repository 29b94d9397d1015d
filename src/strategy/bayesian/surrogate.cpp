#include "strategy/bayesian/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace halftone {

double promise(const Acquisition& acquisition, const GaussianProcess::Prediction& prediction, double best) {
    const double mean = prediction.mean;
    const double deviation = std::sqrt(prediction.variance);
    if (acquisition.kind == Acquisition::Kind::ucb) return mean + acquisition.kappa * deviation;
    const double gain = mean - best - acquisition.xi;
    if (deviation <= 0) return std::max(gain, 0.0);  // a point that was seen: nothing is left to chance
    const double z = gain / deviation;
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
    const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
    return gain * below + deviation * density;
}

Surrogate::Surrogate(std::vector<Point> points, std::vector<double> targets, const GpParameters& parameters,
                     const Acquisition& acquisition)
    : acquisition_(acquisition),
      best_(*std::max_element(targets.begin(), targets.end())),
      process_(std::move(points), std::move(targets), parameters) {}

std::vector<double> Surrogate::promises(const std::vector<Point>& points) const {
    std::vector<double> promises;
    for (const auto& prediction : process_.predict(points))
        promises.push_back(promise(acquisition_, prediction, best_));
    return promises;
}

}  // namespace halftone
