#include "strategy/gp/gaussian_process.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.hpp"

namespace halftone {
namespace {

using Point = GaussianProcess::Point;

struct GoldenProcess {
    GpParameters parameters;
    std::vector<Point> seen;
    std::vector<double> targets;
    std::vector<Point> asked;
    std::vector<double> means, variances;
    double log_likelihood;
};

const std::vector<GoldenProcess>& golden() {
    static const std::vector<GoldenProcess> all{
#include "golden/strategy/gp_golden.inc"
    };
    return all;
}

TEST(GaussianProcess, AgreesWithScikitLearn) {
    for (const GoldenProcess& g : golden()) {
        const GaussianProcess process(g.seen, g.targets, g.parameters);
        const auto predictions = process.predict(g.asked);
        ASSERT_EQ(predictions.size(), g.asked.size());
        for (std::size_t i = 0; i < predictions.size(); ++i) {
            EXPECT_NEAR(predictions[i].mean, g.means[i], 1e-8);
            EXPECT_NEAR(predictions[i].variance, g.variances[i], 1e-8);
        }
        EXPECT_NEAR(process.log_marginal_likelihood(), g.log_likelihood, 1e-8);
    }
}

// One observation y at x: mean k y / (s^2 + n^2), variance s^2 - k^2 / (s^2 + n^2). At distance 1 and length 1,
// k = s^2 (1 + sqrt5 + 5/3) exp(-sqrt5).
TEST(GaussianProcess, OneObservationByHand) {
    const GaussianProcess process({{0, 0}}, {3.0}, {.length = 1, .signal = 2, .noise = 0.5});
    const std::vector<Point> asked{{0, 0}, {1, 0}};
    const auto found = process.predict(asked);
    const double k = 4 * (1 + std::sqrt(5.0) + 5.0 / 3) * std::exp(-std::sqrt(5.0));
    EXPECT_NEAR(found[0].mean, 4 * 3.0 / 4.25, 1e-12);
    EXPECT_NEAR(found[0].variance, 4 - 16 / 4.25, 1e-12);
    EXPECT_NEAR(found[1].mean, k * 3.0 / 4.25, 1e-12);
    EXPECT_NEAR(found[1].variance, 4 - k * k / 4.25, 1e-12);
    EXPECT_NEAR(process.log_marginal_likelihood(),
                -0.5 * (9 / 4.25 + std::log(4.25) + std::log(2 * 3.14159265358979323846)), 1e-12);
}

TEST(GaussianProcess, TheFitIsNoWorseThanItsNeighbourhood) {
    Rng random(3);
    std::vector<Point> points;
    std::vector<double> targets;
    for (int i = 0; i < 40; ++i) {
        Point point;
        for (int d = 0; d < 6; ++d) point.push_back(static_cast<std::uint16_t>(random.below(3)));
        targets.push_back(static_cast<double>(point[0]) - 0.5 * point[3] + 0.05 * random.normal());
        points.push_back(std::move(point));
    }
    const GpParameters best = GaussianProcess::fit(points, targets);
    const double likelihood = GaussianProcess(points, targets, best).log_marginal_likelihood();
    for (const double factor : {0.7, 1.4}) {
        for (const GpParameters& other : {GpParameters{best.length * factor, best.signal, best.noise},
                                          GpParameters{best.length, best.signal * factor, best.noise * factor},
                                          GpParameters{best.length, best.signal, best.noise * factor}}) {
            if (other.noise / other.signal < 1e-3) continue;  // beyond the bounds
            EXPECT_LE(GaussianProcess(points, targets, other).log_marginal_likelihood(), likelihood + 1e-3);
        }
    }
}

TEST(GaussianProcess, EqualTargetsDoNotBreakTheFit) {
    const std::vector<Point> points{{0}, {1}, {2}};
    const std::vector<double> targets{0, 0, 0};
    const GpParameters parameters = GaussianProcess::fit(points, targets);
    EXPECT_GT(parameters.signal, 0);
    EXPECT_GT(parameters.noise, 0);
    EXPECT_NEAR(GaussianProcess(points, targets, parameters).predict(points)[1].mean, 0, 1e-12);
}

}  // namespace
}  // namespace halftone
