// Goals that no model or every model meets.
#include "study/goal_doubt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone::study {
namespace {

using testing::HasSubstr;

Score share() { return {.accuracy = 0.93, .correct = 93, .samples = 100}; }

TEST(GoalDoubt, AShareLiesBetween0And1) {
    EXPECT_EQ(goal_doubt(0.92, share()), "");
    EXPECT_EQ(goal_doubt(1.0, share()), "") << "a negative loss may be wanted, and met";
    EXPECT_THAT(goal_doubt(1.03, share()), HasSubstr("no model can meet the goal: it asks for 1.03"));
    EXPECT_THAT(goal_doubt(-1.07, share()), HasSubstr("every model meets the goal: it asks for -1.07 or more"));
    EXPECT_THAT(goal_doubt(0.0, share()), HasSubstr("every model meets the goal"));
}

TEST(GoalDoubt, OtherMetricsMayBeAnything) {
    EXPECT_EQ(goal_doubt(12.5, {.accuracy = 12.4, .samples = 100}), "");
    EXPECT_EQ(goal_doubt(-3, {.accuracy = -2.9, .samples = 100}), "");
}

}  // namespace
}  // namespace halftone::study
