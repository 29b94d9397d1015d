// The promises of the strategy bayesian, against formulas worked out by hand.
#include "strategy/bayesian/surrogate.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace halftone {
namespace {

constexpr double kPhi0 = 0.3989422804014327;  // density of the standard normal distribution at 0

// At z = 0 the expected improvement is deviation * phi(0).
TEST(Promise, ExpectedImprovementWhereMeanAndBestAreEqual) {
    EXPECT_NEAR(promise({}, {.mean = 1.5, .variance = 4.0}, 1.5), 2 * kPhi0, 1e-12);
}

// z = 1: gain Phi(1) + deviation phi(1) = 0.8413447461 + 0.2419707245 (tables of the normal distribution).
TEST(Promise, ExpectedImprovementOneDeviationAboveTheBest) {
    EXPECT_NEAR(promise({}, {.mean = 1.0, .variance = 1.0}, 0.0), 1.0833154706, 1e-9);
}

TEST(Promise, WithoutDoubtOnlyTheGainCounts) {
    EXPECT_EQ(promise({}, {.mean = 2.0, .variance = 0.0}, 1.5), 0.5);
    EXPECT_EQ(promise({}, {.mean = 1.0, .variance = 0.0}, 1.5), 0.0);
}

TEST(Promise, XiAsksForMore) {
    const Acquisition eager{.xi = 0.5};
    EXPECT_EQ(promise(eager, {.mean = 2.0, .variance = 0.0}, 1.5), 0.0);
}

TEST(Promise, TheUpperBoundAddsKappaDeviations) {
    const Acquisition ucb{.kind = Acquisition::Kind::ucb, .kappa = 2.0};
    EXPECT_DOUBLE_EQ(promise(ucb, {.mean = 1.0, .variance = 9.0}, 100.0), 7.0) << "the best plays no part";
}

}  // namespace
}  // namespace halftone
