// The time of a run, added up by hand.
#include "rehearsal/predict_work.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

/// Every measurement is exact, so that only the rules of the prediction make a range.
MeasuredWork exact() {
    return {.read_calibration = {0.01, 0.01},
            .read_evaluation = {0.02, 0.02},
            .calibrate = {0.04, 0.04},
            .ranges = {1, 1},
            .fp32 = {0.03, 0.03},
            .build = {0.5, 0.5},
            .quantized = {0.01, 0.01},
            .probe = {0.05, 0.05},
            .batch = 25,
            .bytes = 1000};
}

RunSize size_of(std::int64_t workers = 1) {
    return {.calibration_samples = 100,
            .evaluation_samples = 1000,
            .workers = workers,
            .max_trials = 50,
            .early_termination = false};
}

TEST(PredictWork, PartsAreSamplesTimesTheirTimes) {
    const WorkFacts work = predict_work(exact(), size_of(), {.all_pass = {.trials = 1}, .some_pass = {.trials = 1}});
    EXPECT_NEAR(work.calibration.low, 0.8 * (100 * 0.05 + 1), 1e-9);
    EXPECT_NEAR(work.calibration.high, 1.25 * (100 * 0.05 + 1), 1e-9);
    EXPECT_NEAR(work.baseline.low, 0.8 * 1000 * 0.05, 1e-9);
    EXPECT_NEAR(work.trial.high, 1.25 * (0.5 + 1000 * 0.01), 1e-9);
    EXPECT_EQ(work.trials_bound, 50);
    // 6 s of calibration, 50 s of fp32, one trial of 10.5 s, and the timing at the end.
    EXPECT_NEAR(work.expected, 6 + 50 + 10.5 + 1.55, 1e-9);
    EXPECT_LE(work.total.low, work.expected);
    EXPECT_GE(work.total.high, work.expected);
}

TEST(PredictWork, WorkersShareSamplesButNotTheChoiceOfRanges) {
    const StrategyTalks talks{.all_pass = {.trials = 1}, .some_pass = {.trials = 1}};
    const WorkFacts work = predict_work(exact(), size_of(4), talks);
    EXPECT_NEAR(work.calibration.low, 0.8 * (25 * 0.05 + 1), 1e-9);
    EXPECT_NEAR(work.baseline.low, 0.8 * 250 * 0.05, 1e-9);
}

MeasuredWork with_chances(bool is_goal_likely) {
    MeasuredWork measured = exact();
    measured.chances = Chances{.fp32 = {.accuracy = 0.9, .samples = 100}, .is_goal_likely = is_goal_likely};
    return measured;
}

const StrategyTalks kTalks{
    .all_pass = {.trials = 1}, .some_pass = {.trials = 5, .failing = 4}, .none_passes = {.trials = 50, .failing = 50}};

TEST(PredictWork, WhereTheGoalIsOutOfReachTheRangeReachesToNonePasses) {
    const WorkFacts work = predict_work(with_chances(false), size_of(), kTalks);
    EXPECT_NEAR(work.total.low, 0.8 * (6 + 50 + 10.5 + 0.6), 1e-9);
    EXPECT_NEAR(work.total.high, 1.25 * (6 + 50 + 50 * 10.5 + 2.5), 1e-9);
    EXPECT_NEAR(work.expected, 6 + 50 + 5 * 10.5 + 1.55, 1e-9);
}

TEST(PredictWork, WhereTheGoalIsLikelyTheRangeIsThatOfAllPass) {
    const WorkFacts work = predict_work(with_chances(true), size_of(), kTalks);
    EXPECT_NEAR(work.total.low, 0.8 * (6 + 50 + 10.5 + 0.6), 1e-9);
    EXPECT_NEAR(work.total.high, 1.25 * (6 + 50 + 10.5 + 2.5), 1e-9);
    EXPECT_NEAR(work.expected, 6 + 50 + 10.5 + 1.55, 1e-9);
    EXPECT_NEAR(work.longest, 1.25 * (6 + 50 + 50 * 10.5 + 2.5), 1e-9) << "which is said beside it";
}

TEST(PredictWork, ProbesOfPreparationsAndTheLatencyTableCount) {
    MeasuredWork measured = exact();
    measured.preparation_factor = 2;
    measured.latency_table = {3, 5};
    const WorkFacts work = predict_work(measured, size_of(), {.all_pass = {.trials = 1, .probes = 10}});
    EXPECT_NEAR(work.expected, 6 + 50 + 4 + 10 * 2 * (0.5 + 100 * 0.05) + 10.5 + 1.55, 1e-9);
}

TEST(PredictWork, WhatAPreparationAddsComesOnceOrWithEachSample) {
    MeasuredWork measured = exact();
    measured.preparation_factor = 3;
    measured.probed_samples = 10;
    const WorkFacts work = predict_work(measured, size_of(), {.all_pass = {.trials = 1, .probes = 10}});
    const double rest = 6 + 50 + 10.5;
    const double plain = 0.5 + 100 * 0.05;
    const double once = plain + 2 * (0.5 + 10 * 0.05);
    EXPECT_NEAR(work.total.low, 0.8 * (rest + 10 * once + 0.6), 1e-9);
    EXPECT_NEAR(work.total.high, 1.25 * (rest + 10 * 3 * plain + 2.5), 1e-9);
    EXPECT_NEAR(work.expected, rest + 10 * (once + 3 * plain) / 2 + 1.55, 1e-9);
}

TEST(PredictWork, ProbesOfAnEasyModelHaveNoPreparation) {
    MeasuredWork measured = with_chances(true);
    measured.probe = {0.1, 0.1};
    measured.preparation_factor = 3;
    const StrategyTalks talks{.all_pass = {.trials = 1, .probes = 4},
                              .some_pass = {.trials = 5, .probes = 20},
                              .none_passes = {.trials = 50, .failing = 50, .probes = 20}};
    const WorkFacts prepared = predict_work(measured, size_of(), talks);
    measured.chances->is_easy = true;
    const WorkFacts easy = predict_work(measured, size_of(), talks);
    EXPECT_LT(easy.expected, prepared.expected);
    EXPECT_EQ(easy.longest, prepared.longest) << "if the goal is never met, preparations are tried as well";
    EXPECT_EQ(easy.likely_probes, 4);
    EXPECT_EQ(easy.likely_trials, 1);
    EXPECT_EQ(easy.probes, 20);
}

TEST(PredictWork, AFailingTrialMayEndEarly) {
    RunSize size = size_of();
    size.early_termination = true;
    const WorkFacts work = predict_work(exact(), size, {.some_pass = {.trials = 2, .failing = 1}});
    EXPECT_NEAR(work.trial.low, 0.8 * (0.5 + 0.1 * 1000 * 0.01), 1e-9) << "a tenth of the samples at the least";
    EXPECT_NEAR(work.trial.high, 1.25 * 10.5, 1e-9) << "all of them at the most";
}

TEST(PredictWork, ATalkThatWasBrokenOffStandsForAllTrials) {
    const WorkFacts work =
        predict_work(exact(), size_of(), {.none_passes = {.trials = 3, .failing = 3, .is_complete = false}});
    EXPECT_GT(work.longest, 50 * 10.5);
}

TEST(PredictWork, ATimeoutBoundsTheRun) {
    RunSize size = size_of();
    size.timeout_s = 100;
    const WorkFacts work = predict_work(exact(), size, {.none_passes = {.trials = 50, .failing = 50}});
    EXPECT_LE(work.total.high, 100 + work.trial.high);
    EXPECT_LE(work.longest, 100 + work.trial.high);
}

TEST(PredictWork, WithoutEvaluationThereAreNoTrials) {
    RunSize size = size_of();
    size.evaluation_samples = 0;
    const WorkFacts work = predict_work(exact(), size, {});
    EXPECT_EQ(work.trials_bound, 0);
    EXPECT_NEAR(work.expected, 6 + 0.5 + 1.55, 1e-9);
}

}  // namespace
}  // namespace halftone
