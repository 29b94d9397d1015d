// mse: clips at the threshold T with the least mean squared error between the values and what 256 codes make of them.
// The result is [max(min, -T), min(max, T)]; T goes through kCandidates equal parts of the largest magnitude, and of
// equal errors the widest wins. Where the least part wins, it is cut into kCandidates parts in its turn: a single huge
// value among many must not decide how fine the thresholds are.
//
// With codes `step` apart and 0 among them, a value x inside the range is off by its distance to the nearest multiple
// of the step, and one outside by its distance to the range. The values of a bin are spread evenly over it, so a bin's
// mean error is an integral that has a closed form: no bin is too wide for the step.

#include <algorithm>
#include <cmath>
#include <vector>

#include "calib/observer.hpp"

namespace halftone {
namespace {

constexpr int kCandidates = 128;
constexpr double kSteps = 255;

/// Integral from 0 to x of the squared distance to the nearest multiple of `step`.
double rounding_integral(double x, double step) {
    const double whole = std::nearbyint(x / step);
    const double rest = x - whole * step;
    return whole * step * step * step / 12 + rest * rest * rest / 3;
}

/// Mean of (x - edge)^2 over [low, high).
double distance_mean(double low, double high, double edge) {
    const double a = low - edge;
    const double b = high - edge;
    return (a * a + a * b + b * b) / 3;
}

double squared_error(const std::vector<ValueStatistics::Bin>& bins, double low, double high) {
    const double step = (std::max(high, 0.0) - std::min(low, 0.0)) / kSteps;
    double error = 0;
    for (const auto& [begin, end, count] : bins) {
        double mean = 0;
        if (end <= low) {
            mean = distance_mean(begin, end, low);
        } else if (begin >= high) {
            mean = distance_mean(begin, end, high);
        } else {
            mean = (rounding_integral(end, step) - rounding_integral(begin, step)) / (end - begin);
        }
        error += mean * static_cast<double>(count);
    }
    return error;
}

class LeastSquares final : public Observer {
public:
    Range range(const ValueStatistics& statistics) const override {
        const double min = static_cast<double>(statistics.min());
        const double max = static_cast<double>(statistics.max());
        if (min == max) return {statistics.min(), statistics.max()};
        const std::vector<ValueStatistics::Bin> bins = statistics.used_bins();
        double best = std::max(std::abs(min), std::abs(max));
        double least = squared_error(bins, min, max);
        double extent = 0;
        do {
            extent = best;
            for (int part = kCandidates - 1; part > 0; --part) {
                const double threshold = extent * part / kCandidates;
                const double error = squared_error(bins, std::max(min, -threshold), std::min(max, threshold));
                if (error < least) {
                    least = error;
                    best = threshold;
                }
            }
        } while (best == extent / kCandidates);
        const auto limit = static_cast<float>(best);
        return {std::max(statistics.min(), -limit), std::min(statistics.max(), limit)};
    }
};

}  // namespace

std::unique_ptr<Observer> make_mse(const RangeRule&) { return std::make_unique<LeastSquares>(); }

}  // namespace halftone
