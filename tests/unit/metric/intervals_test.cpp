#include <gtest/gtest.h>

#include <cmath>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "metric/intervals.hpp"

namespace halftone {
namespace {

// Expected values: the two roots x of (correct/n - x)^2 = z^2 x (1 - x) / n, which define the interval (Wilson 1927),
// found by bisection in Python's decimal arithmetic (40 digits, z = 1.959964), not by the closed formula.
TEST(Wilson95, IsTheScoreInterval) {
    EXPECT_NEAR(wilson95(8, 10).low, 0.490162469122, 1e-9);
    EXPECT_NEAR(wilson95(8, 10).high, 0.943317849062, 1e-9);
    EXPECT_NEAR(wilson95(9278, 10000).low, 0.922561284952, 1e-9);
    EXPECT_NEAR(wilson95(9278, 10000).high, 0.932710166037, 1e-9);
}

TEST(Wilson95, StaysInsideTheUnitIntervalAtItsEnds) {
    EXPECT_EQ(wilson95(0, 10).low, 0.0);
    EXPECT_NEAR(wilson95(0, 10).high, 0.277532803026, 1e-9);
    EXPECT_NEAR(wilson95(10, 10).low, 1 - wilson95(0, 10).high, 1e-15);
    EXPECT_EQ(wilson95(10, 10).high, 1.0);
}

TEST(Wilson95, RefusesCountsThatMakeNoShare) {
    // They may stand in a journal that was edited: the fault is the file's, not the program's.
    for (const auto& [correct, samples] : {std::pair{0, 0}, {3, 2}, {-1, 2}, {0, -1}}) {
        EXPECT_THROW((void)wilson95(correct, samples), DataError) << correct << " of " << samples;
    }
}

// Expected values: Bonett and Price's formula in Python for lost = 12, gained = 3, n = 100:
// (13 - 4) / 102 -+ 1.959964 sqrt((17/102 - (9/102)^2) / 102).
TEST(PairedDifferences, OfSharesComesFromTheTwoCounts) {
    PairedDifferences pairs;
    for (int i = 0; i < 100; ++i) pairs.add(i < 92 ? 1 : 0, i < 80 || i >= 97 ? 1 : 0);
    EXPECT_NEAR(pairs.interval95().low, 0.0108810292, 1e-9);
    EXPECT_NEAR(pairs.interval95().high, 0.1655895591, 1e-9);
}

TEST(PairedDifferences, ModelsThatNeverDifferLeaveRoomForTheNextSample) {
    PairedDifferences pairs;
    for (int i = 0; i < 1000; ++i) pairs.add(1, 1);
    EXPECT_LT(pairs.interval95().low, 0);
    EXPECT_GT(pairs.interval95().high, 0);
    EXPECT_LT(pairs.interval95().high, 0.003);
}

// scipy.stats.t.interval(0.95, 3, loc=0.25, scale=numpy.std([1.5, -0.5, 0, 0], ddof=1) / 2) and the same of 10 numbers.
TEST(PairedDifferences, OfMeansIsStudentsInterval) {
    PairedDifferences four;
    for (const double difference : {1.5, -0.5, 0.0, 0.0}) four.add(2 + difference, 2);
    EXPECT_NEAR(four.interval95().low, -1.1280396733, 1e-5);
    EXPECT_NEAR(four.interval95().high, 1.6280396733, 1e-5);
    PairedDifferences ten;
    for (int i = 0; i < 10; ++i) ten.add(0.5 * i, 0);
    EXPECT_NEAR(ten.interval95().low, 1.1670747052, 1e-4);
}

TEST(PairedDifferences, WithoutTwoNumbersSayNothing) {
    PairedDifferences pairs;
    EXPECT_TRUE(std::isnan(pairs.interval95().low));
    pairs.add(0.5, 0.25);
    EXPECT_TRUE(std::isnan(pairs.interval95().high));
    pairs.add(HUGE_VAL, 0.25);
    EXPECT_TRUE(std::isnan(pairs.interval95().low)) << "an infinite difference";
}

/// How often, of 4000 simulated pairs of models, the interval of the loss holds the true loss.
template <class Draw>
double coverage(std::uint64_t seed, int samples, double loss, Draw&& draw) {
    constexpr int kRuns = 4000;
    int held = 0;
    for (int run = 0; run < kRuns; ++run) {
        Rng rng(mix(seed, static_cast<std::uint64_t>(run)));
        PairedDifferences pairs;
        for (int i = 0; i < samples; ++i) {
            const auto [baseline, candidate] = draw(rng);
            pairs.add(baseline, candidate);
        }
        const Interval interval = pairs.interval95();
        held += interval.low <= loss && loss <= interval.high ? 1 : 0;
    }
    return static_cast<double>(held) / kRuns;
}

TEST(PairedDifferences, OfSharesCoverTheTrueLossIn95PercentOfRuns) {
    // Right by both, by fp32 only, by the candidate only, by none: models that agree on most samples, as they do here.
    for (const auto& [samples, lost, gained] :
         {std::tuple{50, 0.06, 0.02}, {200, 0.02, 0.02}, {1000, 0.01, 0.004}, {1000, 0.002, 0.0}}) {
        const double held = coverage(7, samples, lost - gained, [&, l = lost, g = gained](Rng& rng) {
            const double u = rng.uniform();
            return std::pair{u < 0.9       ? 1.0
                             : u < 0.9 + l ? 1.0
                                           : 0.0,
                             u < 0.9                           ? 1.0
                             : u >= 0.9 + l && u < 0.9 + l + g ? 1.0
                                                               : 0.0};
        });
        EXPECT_GT(held, 0.94) << samples << " samples, " << lost << " lost";
        EXPECT_LE(held, 1.0);
    }
}

TEST(PairedDifferences, OfMeansCoverTheTrueLossIn95PercentOfRuns) {
    for (const int samples : {8, 40, 300}) {
        const double held = coverage(11, samples, 0.25, [](Rng& rng) {
            const double hard = 3 * rng.normal();  // what both models find hard cancels in the difference
            return std::pair{hard + 0.25 + 0.2 * rng.normal(), hard + 0.2 * rng.normal()};
        });
        EXPECT_NEAR(held, 0.95, 0.012) << samples << " samples";
    }
}

}  // namespace
}  // namespace halftone
