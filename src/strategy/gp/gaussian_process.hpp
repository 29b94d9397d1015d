#pragma once
// Gaussian process regression over categorical points. Source of the formulas: Rasmussen & Williams, Gaussian Processes
// for Machine Learning (2006): algorithm 2.1 and eq. 5.8.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace halftone {

/// k(x, x') = signal^2 (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r), Matern 5/2 over r = sqrt(h) / length, where h is the
/// number of coordinates in which x and x' differ (Hamming). Over one-hot codes, whose squared distance is 2 h, this is
/// the usual Matern 5/2 with length scale length * sqrt2. Observations have noise of variance noise^2.
struct GpParameters {
    double length = 1;
    double signal = 1;
    double noise = 0.1;
    friend bool operator==(const GpParameters&, const GpParameters&) = default;
};

class GaussianProcess {
public:
    using Point = std::vector<std::uint16_t>;
    struct Prediction {
        double mean = 0;
        double variance = 0;  ///< of the function, without the observations' noise
    };

    /// A zero-mean process that has seen `targets` at `points`. @pre as many points as targets, one at least, all of
    /// one length; noise > 0
    GaussianProcess(std::vector<Point> points, std::vector<double> targets, GpParameters parameters);
    ~GaussianProcess();
    GaussianProcess(GaussianProcess&&) noexcept;
    GaussianProcess& operator=(GaussianProcess&&) noexcept;

    [[nodiscard]] std::vector<Prediction> predict(std::span<const Point> points) const;
    [[nodiscard]] double log_marginal_likelihood() const;

    /// Parameters of the greatest marginal likelihood: over a grid of length and noise / signal, then refined around
    /// its best point; the signal that belongs to both has a closed form. Deterministic.
    [[nodiscard]] static GpParameters fit(std::span<const Point> points, std::span<const double> targets);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace halftone
