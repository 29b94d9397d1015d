// Goals that no model or every model meets.
#include "study/goal_doubt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone::study {
namespace {

using testing::HasSubstr;

AccuracyCriterion absolute(double loss) { return {.is_relative = false, .loss = loss, .higher_is_better = true}; }
Score share() { return {.accuracy = 0.93, .correct = 93, .samples = 100}; }

TEST(GoalDoubt, AShareLiesBetween0And1) {
    EXPECT_EQ(goal_doubt(absolute(0.01), share()), "");
    EXPECT_EQ(goal_doubt(absolute(-0.07), share()), "") << "a negative loss may be wanted, and met";
    EXPECT_THAT(goal_doubt(absolute(-0.1), share()), HasSubstr("no model can meet the goal: it asks for 1.03"));
    EXPECT_THAT(goal_doubt(absolute(2), share()), HasSubstr("every model meets the goal: it asks for -1.07 or more"));
    EXPECT_THAT(goal_doubt(absolute(0.93), share()), HasSubstr("every model meets the goal"));
}

TEST(GoalDoubt, OtherMetricsMayBeAnything) {
    EXPECT_EQ(goal_doubt(absolute(-0.1), {.accuracy = 12.4, .samples = 100}), "");
    EXPECT_EQ(goal_doubt(absolute(0.1), {.accuracy = -2.9, .samples = 100}), "");
}

TEST(GoalDoubt, AShareOfNothingIsNothing) {
    const Score zero{.accuracy = 0, .samples = 100};  // MSE against fp32's own answers
    const AccuracyCriterion relative{.is_relative = true, .loss = 0.05, .higher_is_better = false};
    EXPECT_THAT(goal_doubt(relative, zero), HasSubstr("the goal allows no loss at all"));
    EXPECT_EQ(goal_doubt({.is_relative = true, .loss = 0, .higher_is_better = false}, zero), "") << "as was asked for";
    EXPECT_EQ(goal_doubt(absolute(0.05), zero), "");
    EXPECT_EQ(goal_doubt(relative, {.accuracy = 1e-9, .samples = 100}), "");
}

}  // namespace
}  // namespace halftone::study
