// What a config means for one run.
#include "study/run_terms.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace halftone::study {
namespace {

using testing::SizeIs;

RunConfig config_with_evaluation() {
    RunConfig config;
    config.evaluation.emplace();
    config.tuning.strategy.name = "basic";
    return config;
}

constexpr int code_of(ExitCode code) { return static_cast<int>(code); }

TEST(RunTerms, EveryPartOfTheIdentityStandsInTheHeader) {
    const RunConfig config = config_with_evaluation();
    const RunIdentity identity{.version = "1", .isa = "avx2", .model = 1, .data = {2, 3}, .space = 4};
    const journal::Header header = run_header(config, identity);
    EXPECT_EQ(header, run_header(config, identity));
    std::vector<RunIdentity> others(6, identity);
    others[0].version = "2";
    others[1].isa = "avx512_core";
    others[2].model = 9;
    others[3].data = {3, 2};
    others[4].data = {2};
    others[5].space = 9;
    for (std::size_t i = 0; i < others.size(); ++i) EXPECT_NE(header, run_header(config, others[i])) << i;
    RunConfig seeded = config;
    ++seeded.tuning.random_seed;
    EXPECT_NE(header, run_header(seeded, identity));
}

TEST(RunTerms, LimitsMayChangeInAResumedRun) {
    RunConfig config = config_with_evaluation();
    const journal::Header header = run_header(config, {});
    config.tuning.max_trials = 7;
    config.tuning.timeout_s = 60;
    config.tuning.workspace = "elsewhere";
    EXPECT_EQ(header, run_header(config, {}));
}

TEST(RunTerms, PerformanceOnlyNeedsOneTrial) {
    RunConfig config = config_with_evaluation();
    config.tuning.max_trials = 50;
    EXPECT_EQ(run_settings(config).max_trials, 50);
    config.tuning.performance_only = true;
    EXPECT_EQ(run_settings(config).max_trials, 1);
    EXPECT_FALSE(run_settings(config).calibrate_only);
    config.evaluation.reset();
    EXPECT_TRUE(run_settings(config).calibrate_only);
}

TEST(RunTerms, OnlyMetricsWithALimitAreJudgedBesideTheGoal) {
    RunConfig config = config_with_evaluation();
    config.evaluation->metrics.resize(2);
    config.evaluation->metrics[1].plugin.name = "MSE";
    config.evaluation->metrics[1].limit =
        AccuracyCriterion{.is_relative = false, .loss = 0.5, .higher_is_better = false};
    const tune::RunSettings settings = run_settings(config);
    ASSERT_THAT(settings.limits, SizeIs(1));
    EXPECT_EQ(settings.limits[0].metric, "MSE");
}

TEST(RunTerms, TheExitCodeTellsHowTheRunEnded) {
    RunConfig config = config_with_evaluation();
    tune::RunResult result;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::goal_missed));
    result.is_goal_met = true;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::ok));
    result.reason = tune::EndReason::interrupted;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::interrupted)) << "also with the goal met";
    result.reason = tune::EndReason::exhausted;
    result.is_goal_met = false;
    config.tuning.performance_only = true;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::ok)) << "nobody judged the goal";
    config.tuning.performance_only = false;
    config.evaluation.reset();
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::ok));
}

TEST(RunTerms, AModelThatIsTooSlowFailsOnlyWhereTheUserAsksForIt) {
    RunConfig config = config_with_evaluation();
    tune::RunResult result;
    result.is_goal_met = true;
    result.speed = tune::SpeedVerdict{.fp32_ms = {}, .best_ms = {}, .is_faster = false};
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::ok));
    config.tuning.objective_unmet = ObjectiveUnmet::fail;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::goal_missed));
    result.speed->is_faster = true;
    EXPECT_EQ(exit_code_of(result, config), code_of(ExitCode::ok));
}

}  // namespace
}  // namespace halftone::study
