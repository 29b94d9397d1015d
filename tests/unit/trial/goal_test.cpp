#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "trial/trial.hpp"

namespace halftone {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Goal relative(double loss, double baseline, bool higher_is_better = true) {
    return {{.is_relative = true, .loss = loss, .higher_is_better = higher_is_better}, baseline};
}

Goal absolute(double loss, double baseline, bool higher_is_better = true) {
    return {{.is_relative = false, .loss = loss, .higher_is_better = higher_is_better}, baseline};
}

// The three targets are those of the project's list of golden checks against LPOT 1.5 (which gets the last one wrong).
TEST(Goal, RelativeLossIsAShareOfTheBaseline) {
    EXPECT_DOUBLE_EQ(relative(0.01, 0.80).target(), 0.792);
    EXPECT_TRUE(relative(0.01, 0.80).is_met(0.792)) << "inclusive";
    EXPECT_FALSE(relative(0.01, 0.80).is_met(0.7919));
}

TEST(Goal, WhereLowerIsBetterTheTargetLiesAbove) {
    const Goal goal = relative(0.01, 0.80, false);
    EXPECT_DOUBLE_EQ(goal.target(), 0.808);
    EXPECT_TRUE(goal.is_met(0.808)) << "inclusive";
    EXPECT_TRUE(goal.is_met(0.1));
    EXPECT_FALSE(goal.is_met(0.8081));
}

TEST(Goal, ANegativeBaselineLoosensInTheSameDirection) {
    EXPECT_DOUBLE_EQ(relative(0.01, -0.2).target(), -0.202);
    EXPECT_TRUE(relative(0.01, -0.2).is_met(-0.202));
    EXPECT_FALSE(relative(0.01, -0.2).is_met(-0.2021));
}

TEST(Goal, ANegativeLossAsksForBetterThanTheBaseline) {
    EXPECT_FALSE(absolute(-0.01, 0.5).is_met(0.5));
    EXPECT_TRUE(absolute(-0.01, 0.5).is_met(0.51));
}

TEST(Goal, IsMetAtExactlyTheAllowedShareOfSamples) {
    // Every baseline of 10,000 samples, every loss of up to 1 % of them: the limit is met, one sample less is not.
    for (int baseline = 200; baseline <= 10'000; baseline += 7) {
        for (int lost = 0; lost <= 100; ++lost) {
            const Goal goal = absolute(lost / 10'000.0, baseline / 10'000.0);
            ASSERT_TRUE(goal.is_met((baseline - lost) / 10'000.0)) << baseline << " " << lost;
            ASSERT_FALSE(goal.is_met((baseline - lost - 1) / 10'000.0)) << baseline << " " << lost;
        }
    }
}

TEST(Goal, TellsOneSampleFromTheLimitAmongABillion) {
    const Goal goal = absolute(0.003, 0.9328);
    EXPECT_TRUE(goal.is_met(929'800'000 / 1e9));
    EXPECT_FALSE(goal.is_met(929'799'999 / 1e9));
}

TEST(Goal, NanMeetsNothingAndIsWorseThanEverything) {
    const Goal goal = absolute(1.0, 0.5);
    EXPECT_FALSE(goal.is_met(kNan));
    EXPECT_FALSE(absolute(1.0, kNan).is_met(0.5));
    EXPECT_TRUE(goal.is_better(-1e9, kNan));
    EXPECT_FALSE(goal.is_better(kNan, -1e9));
    EXPECT_FALSE(goal.is_better(kNan, kNan));
    EXPECT_EQ(goal.gap(kNan), std::numeric_limits<double>::infinity());
}

TEST(Goal, AFailureMeetsNothing) {
    const Goal goal = absolute(1.0, 0.5);
    EXPECT_FALSE(goal.is_met(Outcome(TrialFailure{"too large"})));
    EXPECT_TRUE(goal.is_met(Outcome(Score{.accuracy = 0.5, .correct = {}})));
}

TEST(Goal, BetterIsStrictAndFollowsTheDirection) {
    EXPECT_TRUE(absolute(0, 1).is_better(0.6, 0.5));
    EXPECT_FALSE(absolute(0, 1).is_better(0.5, 0.5));
    EXPECT_TRUE(absolute(0, 1, false).is_better(0.5, 0.6));
    EXPECT_FALSE(absolute(0, 1, false).is_better(0.5, 0.5));
}

TEST(Goal, TheGapIsWhatIsMissing) {
    EXPECT_NEAR(absolute(0.003, 0.9328).gap(0.9166), 0.0132, 1e-12);
    EXPECT_LE(absolute(0.003, 0.9328).gap(0.9298), 0.0) << "never positive when met";
    EXPECT_NEAR(absolute(0.1, 0.5, false).gap(0.7), 0.1, 1e-12);
    EXPECT_NEAR(absolute(0.1, 0.5, false).gap(0.5), -0.1, 1e-12);
}

// The values are MSEs of a regression and of the fp32 model that it came from: lower is better, and 0 is the best.
TEST(Goal, OfLowerIsBetterAllowsWhatLiesAboveTheBaseline) {
    EXPECT_TRUE(absolute(0.01, 0.0, false).is_met(0.01)) << "a baseline of 0";
    EXPECT_FALSE(absolute(0.01, 0.0, false).is_met(0.0101));
    EXPECT_TRUE(relative(0.5, 0.0, false).is_met(0.0)) << "relative to nothing, nothing may be lost";
    EXPECT_FALSE(relative(0.5, 0.0, false).is_met(1e-9));
    EXPECT_TRUE(relative(0.5, -2.0, false).is_met(-1.0)) << "half of |baseline| above it";
    EXPECT_FALSE(relative(0.5, -2.0, false).is_met(-0.99));
    EXPECT_EQ(absolute(0.01, 0.5, false).gap(0.6), 0.6 - 0.51);
}

TEST(Goal, ALimitIsJudgedBesideTheAccuracy) {
    Goal goal = absolute(0.01, 0.9);
    goal.add_limit("MSE", {.is_relative = true, .loss = 0.1, .higher_is_better = false}, 2.0);
    const auto outcome = [](double accuracy, double mse) {
        return Outcome(Score{.accuracy = accuracy, .metrics = {{"topk", accuracy}, {"MSE", mse}}});
    };
    EXPECT_TRUE(goal.is_met(outcome(0.89, 2.2)));
    EXPECT_FALSE(goal.is_met(outcome(0.89, 2.21))) << "the limit is missed";
    EXPECT_FALSE(goal.is_met(outcome(0.88, 2.0))) << "the goal itself is missed";
    EXPECT_FALSE(goal.is_met(outcome(0.89, kNan)));
    EXPECT_FALSE(goal.is_met(Outcome(Score{.accuracy = 0.9}))) << "nobody knows its MSE";
}

}  // namespace
}  // namespace halftone
