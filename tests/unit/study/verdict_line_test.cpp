// One sentence about a run, and what to do next.
#include "study/verdict_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone::study {
namespace {

using testing::HasSubstr;

class Verdict : public testing::Test {
protected:
    Verdict() {
        config_.evaluation.emplace();
        run_.fp32_ms = 1.9;
        run_.best_ms = 1.0;
        result_.is_goal_met = true;
        result_.best = tune::FinishedTrial{
            .trial = TrialId{2},
            .candidate = {},
            .outcome = Score{.accuracy = 0.93,
                             .samples = 100,
                             .loss = ScoreLoss{.value = 0.0013, .ci95 = AccuracyBounds{.low = 0.0002, .high = 0.0024}}},
            .is_pass = true};
    }
    std::string verdict(std::size_t quantized_units = 5) {
        return verdict_line(config_, result_, run_, quantized_units);
    }
    ScoreLoss& loss() { return *std::get<Score>(result_.best->outcome).loss; }

    RunConfig config_;
    tune::RunResult result_;
    RunDocument run_;
};

TEST_F(Verdict, NamesSpeedLossAndGoal) {
    EXPECT_EQ(verdict(), "int8 is 1.90 x as fast, loses 0.0013 [0.0002, 0.0024], goal met");
    run_.fp32_ms = 3.14;
    EXPECT_THAT(verdict(), HasSubstr("int8 is 3.1 x as fast"));
}

TEST_F(Verdict, ASlowerModelIsNoSuccess) {
    run_.best_ms = 2.6;
    EXPECT_THAT(verdict(), HasSubstr("int8 is SLOWER, 1.37 x the time of fp32"));
    run_.best_ms = 1.91;
    EXPECT_THAT(verdict(), HasSubstr("int8 is as fast as fp32,"));
    EXPECT_THAT(verdict(0), HasSubstr("fp32 is delivered"));
}

TEST_F(Verdict, AGainThatTheObjectiveDoesNotSeeIsNoGain) {
    run_.objective = RunObjective{.is_met = false, .text = "within the noise"};
    EXPECT_THAT(verdict(), HasSubstr("int8 is as fast as fp32, within the noise, loses"));
    run_.objective->is_met = true;
    EXPECT_THAT(verdict(), HasSubstr("int8 is 1.90 x as fast"));
}

TEST_F(Verdict, ALossThatTheObjectiveDoesNotSeeIsNoLoss) {
    run_.best_ms = 2.6;
    run_.objective = RunObjective{.is_met = false, .text = "within the noise"};
    EXPECT_THAT(verdict(), HasSubstr("int8 is as fast as fp32, within the noise, loses"));
    run_.objective->is_slower = true;
    EXPECT_THAT(verdict(), HasSubstr("int8 is SLOWER, 1.37 x the time of fp32"));
}

TEST_F(Verdict, ASmallDifferenceThatTheObjectiveSeesIsOne) {
    run_.best_ms = 1.88;
    EXPECT_THAT(verdict(), HasSubstr("int8 is as fast as fp32, loses")) << "nobody has looked at the intervals";
    run_.objective = RunObjective{.is_met = true, .text = "1.01 times as fast"};
    EXPECT_THAT(verdict(), HasSubstr("int8 is 1.01 x as fast"));
}

TEST_F(Verdict, AGainHasTheSignsOfAGain) {
    loss() = {.value = -0.002, .ci95 = AccuracyBounds{.low = -0.005, .high = 0.001}};
    EXPECT_THAT(verdict(), HasSubstr("gains 0.002 [-0.001, 0.005]"));
}

TEST_F(Verdict, WhatWasNotMeasuredIsLeftOut) {
    run_.best_ms.reset();
    loss().ci95.reset();
    result_.is_goal_met = false;
    EXPECT_EQ(verdict(), "the model is quantized, loses 0.0013, goal NOT met");
    config_.evaluation.reset();
    result_.best.reset();
    EXPECT_EQ(verdict(), "the model is quantized, its accuracy is unknown");
}

TEST(NextSteps, AreTwoCommandsToCopy) {
    EXPECT_THAT(next_steps("out/"), HasSubstr("halftone certify out/best.onnx "));
    EXPECT_THAT(next_steps("out/"), HasSubstr("halftone report out "));
    EXPECT_THAT(next_steps("/"), HasSubstr("halftone report / "));
}

}  // namespace
}  // namespace halftone::study
