// Gaussian process regression by a Cholesky factorization of the covariance matrix K (Rasmussen & Williams 2006,
// algorithm 2.1): K = L L^T, weights = K^-1 y, mean = k*^T weights, variance = k(x, x) - |L^-1 k*|^2.
//
// Points are categorical, so the kernel depends only on how many coordinates differ: covariances are looked up in a
// table by that number. Likelihood is what fit() maximises; State is what predict() needs.
#include "strategy/gp/gaussian_process.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "base/check.hpp"

namespace halftone {
namespace {

using Point = GaussianProcess::Point;

std::size_t hamming(const Point& a, const Point& b) {
    std::size_t differing = 0;
    for (std::size_t d = 0; d < a.size(); ++d) differing += a[d] != b[d] ? 1U : 0U;
    return differing;
}

/// Returns the Matern 5/2 correlation for each Hamming distance that `dimensions` coordinates can have:
/// (1 + s + s^2 / 3) exp(-s) with s = sqrt(5 h) / length (Rasmussen & Williams, eq. 4.17).
std::vector<double> correlations(std::size_t dimensions, double length) {
    std::vector<double> table;
    for (std::size_t h = 0; h <= dimensions; ++h) {
        const double s = std::sqrt(5.0 * static_cast<double>(h)) / length;
        table.push_back((1 + s + s * s / 3) * std::exp(-s));
    }
    return table;
}

using Distances = Eigen::Matrix<std::size_t, Eigen::Dynamic, Eigen::Dynamic>;

Distances distances(std::span<const Point> a, std::span<const Point> b) {
    Distances all(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) {
            all(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = hamming(a[i], b[j]);
        }
    }
    return all;
}

Eigen::MatrixXd covariances(const Distances& distances, const std::vector<double>& table) {
    return distances.unaryExpr([&](std::size_t h) { return table[h]; });
}

/// The marginal likelihood as a function of two parameters. With K = signal^2 R, the signal that maximises it has a
/// closed form, signal^2 = y^T R^-1 y / n, so only two parameters are left to search (eq. 5.8 with that put in).
class Likelihood {
public:
    Likelihood(std::span<const Point> points, std::span<const double> targets)
        : dimensions_(points.front().size()),
          distances_(distances(points, points)),
          targets_(Eigen::Map<const Eigen::VectorXd>(targets.data(), static_cast<Eigen::Index>(targets.size()))) {}

    struct Value {
        double log_likelihood = -std::numeric_limits<double>::infinity();
        double signal = 1;
    };
    /// @param ratio  noise / signal
    [[nodiscard]] Value at(double length, double ratio) const {
        Eigen::MatrixXd k = covariances(distances_, correlations(dimensions_, length));
        k.diagonal().array() += ratio * ratio;
        const Eigen::LLT<Eigen::MatrixXd> factor(k);
        if (factor.info() != Eigen::Success) return {};
        const auto n = static_cast<double>(targets_.size());
        const double square = std::max(targets_.dot(factor.solve(targets_)) / n, kLeastSignal);
        const double log_det = 2 * factor.matrixLLT().diagonal().array().log().sum();
        const double log_likelihood =
            -0.5 * (n * std::log(square) + log_det + n * (1 + std::log(2 * std::numbers::pi)));
        return {log_likelihood, std::sqrt(square)};
    }

private:
    static constexpr double kLeastSignal = 1e-12;  // all targets are alike
    std::size_t dimensions_;
    Distances distances_;
    Eigen::VectorXd targets_;
};

}  // namespace

struct GaussianProcess::State {
    std::vector<Point> points;
    Eigen::VectorXd targets;
    GpParameters parameters;
    std::vector<double> table;  ///< covariance by Hamming distance
    Eigen::LLT<Eigen::MatrixXd> factor;
    Eigen::VectorXd weights;  ///< K^-1 y
};

GaussianProcess::GaussianProcess(std::vector<Point> points, std::vector<double> targets, GpParameters parameters)
    : state_(std::make_unique<State>()) {
    HALFTONE_CHECK(!points.empty() && points.size() == targets.size(), "a target for each point, and one at least");
    State& state = *state_;
    state.points = std::move(points);
    state.targets = Eigen::Map<const Eigen::VectorXd>(targets.data(), static_cast<Eigen::Index>(targets.size()));
    state.parameters = parameters;
    state.table = correlations(state.points.front().size(), parameters.length);
    for (double& value : state.table) value *= parameters.signal * parameters.signal;
    Eigen::MatrixXd k = covariances(distances(state.points, state.points), state.table);
    k.diagonal().array() += parameters.noise * parameters.noise;
    state.factor.compute(k);
    HALFTONE_CHECK(state.factor.info() == Eigen::Success, "a covariance matrix with noise is positive definite");
    state.weights = state.factor.solve(state.targets);
}

GaussianProcess::~GaussianProcess() = default;
GaussianProcess::GaussianProcess(GaussianProcess&&) noexcept = default;
GaussianProcess& GaussianProcess::operator=(GaussianProcess&&) noexcept = default;

std::vector<GaussianProcess::Prediction> GaussianProcess::predict(std::span<const Point> points) const {
    if (points.empty()) return {};
    const State& state = *state_;
    const Eigen::MatrixXd cross = covariances(distances(state.points, points), state.table);
    const Eigen::VectorXd means = cross.transpose() * state.weights;
    const Eigen::MatrixXd solved = state.factor.matrixL().solve(cross);
    const Eigen::VectorXd explained = solved.colwise().squaredNorm();
    std::vector<Prediction> predictions;
    for (Eigen::Index i = 0; i < means.size(); ++i) {
        // Rounding may leave a variance just below 0 at a point that was seen.
        predictions.push_back({means(i), std::max(0.0, state.table[0] - explained(i))});
    }
    return predictions;
}

double GaussianProcess::log_marginal_likelihood() const {
    const State& state = *state_;
    const double fit = state.targets.dot(state.weights);
    const double log_det = 2 * state.factor.matrixLLT().diagonal().array().log().sum();
    return -0.5 * (fit + log_det + static_cast<double>(state.targets.size()) * std::log(2 * std::numbers::pi));
}

// The likelihood has several maxima, so a grid comes first; then the best point is refined with steps that halve. No
// gradient and no random start: the same observations always give the same parameters.
GpParameters GaussianProcess::fit(std::span<const Point> points, std::span<const double> targets) {
    const Likelihood likelihood(points, targets);
    struct Best {
        double log_length = 0, log_ratio = 0;
        Likelihood::Value value;
    } best;
    const auto consider = [&](double log_length, double log_ratio) {
        const Likelihood::Value value = likelihood.at(std::exp(log_length), std::exp(log_ratio));
        if (value.log_likelihood > best.value.log_likelihood) best = {log_length, log_ratio, value};
    };
    // Lengths from "neighbours say little" to "all points alike", noise from 0.1 % of the signal to as large as it.
    const double shortest = std::log(0.3);
    const double longest = std::log(10.0 * std::sqrt(static_cast<double>(points.front().size())));
    const double quietest = std::log(1e-3);
    constexpr int kLengths = 8;
    constexpr int kRatios = 5;
    for (int i = 0; i < kLengths; ++i) {
        for (int j = 0; j < kRatios; ++j) {
            consider(shortest + (longest - shortest) * i / (kLengths - 1), quietest * (1 - j / double{kRatios - 1}));
        }
    }
    double step = 0.5;
    for (int round = 0; round < 5; ++round, step /= 2) {  // to 3 % in either
        const Best center = best;
        for (const double a : {-step, step})
            consider(std::clamp(center.log_length + a, shortest, longest), best.log_ratio);
        for (const double b : {-step, step}) consider(best.log_length, std::clamp(center.log_ratio + b, quietest, 0.0));
    }
    const double signal = best.value.signal;
    return {.length = std::exp(best.log_length), .signal = signal, .noise = signal * std::exp(best.log_ratio)};
}

}  // namespace halftone
