// When a run has ended, and why.
#include "tune/stop_conditions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/toy_scripts.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::IsEmpty;
using tune::EndReason;
using tune::SearchState;
using tune::StopConditions;

class StopConditionsTest : public testing::Test {
protected:
    StopConditionsTest() {
        settings.max_trials = 10;
        files->create_directories("/w");
    }
    [[nodiscard]] StopConditions make(double earlier_s = 0) { return {settings, services, earlier_s}; }
    /// The reason after one look at this state.
    [[nodiscard]] std::optional<EndReason> judged(const SearchState& state, double earlier_s = 0) {
        StopConditions conditions = make(earlier_s);
        conditions.judge(state);
        return conditions.reason();
    }

    std::unique_ptr<MemoryFileSystem> files = make_memory_file_system();
    journal::Writer writer{*files, "trials.jsonl", 0};
    ToyProblem problem = listed_problem({0.9});
    FakeClock clock;
    std::atomic<bool> stop{false};
    tune::RunSettings settings;
    ToyServices services{problem, writer, clock, stop};
};

TEST_F(StopConditionsTest, TheFirstPassingTrialEndsTheRunWithoutATimeout) {
    StopConditions conditions = make();
    conditions.begin_search(/*strategy_refines=*/false);
    conditions.judge_told_trial(false, 1);
    EXPECT_FALSE(conditions.has_ended());
    conditions.judge_told_trial(true, 2);
    EXPECT_EQ(conditions.reason(), EndReason::goal_met);
    EXPECT_TRUE(conditions.is_decided());
}

TEST_F(StopConditionsTest, AStrategyThatRefinesGoesOnAndEndsWithTheGoalMet) {
    StopConditions conditions = make();
    conditions.begin_search(/*strategy_refines=*/true);
    conditions.judge_told_trial(true, 1);
    EXPECT_FALSE(conditions.has_ended());
    conditions.judge({.trials_told = 1, .is_strategy_done = true, .has_passing_trial = true});
    EXPECT_EQ(conditions.reason(), EndReason::goal_met);
}

TEST_F(StopConditionsTest, TheGoalComesBeforeTheNumberOfTrials) {
    StopConditions conditions = make();
    conditions.judge_told_trial(true, 10);
    EXPECT_EQ(conditions.reason(), EndReason::goal_met);
    StopConditions failing = make();
    failing.judge_told_trial(false, 10);
    EXPECT_EQ(failing.reason(), EndReason::max_trials);
}

TEST_F(StopConditionsTest, AStrategyThatEndsExhaustsTheSearchOnceEverythingIsTold) {
    EXPECT_EQ(judged({.has_pending = true, .is_strategy_done = true}), std::nullopt);
    EXPECT_EQ(judged({.is_strategy_done = true}), EndReason::exhausted);
}

TEST_F(StopConditionsTest, NothingMayBeAskedAnyMore) {
    EXPECT_EQ(judged({.trials_asked = 10, .trials_told = 9, .has_pending = true}), std::nullopt);
    EXPECT_EQ(judged({.trials_asked = 10, .trials_told = 10}), EndReason::max_trials);
}

TEST_F(StopConditionsTest, ASignalInterruptsUnlessTheSearchIsOverAnyway) {
    stop = true;
    EXPECT_EQ(judged({.has_pending = true}), EndReason::interrupted);
    EXPECT_EQ(judged({.is_strategy_done = true}), EndReason::exhausted);
    StopConditions conditions = make();
    conditions.judge({.has_pending = true});
    EXPECT_TRUE(conditions.has_ended());
    EXPECT_FALSE(conditions.is_decided()) << "results that still arrive may meet the goal";
}

TEST_F(StopConditionsTest, TimeIsUpButNeverWithoutAnyResult) {
    settings.timeout_s = 100;
    const SearchState first{.trials_asked = 1, .has_pending = true};
    const SearchState second{.trials_asked = 2, .trials_told = 1, .has_pending = true};
    EXPECT_EQ(judged(second, 99), std::nullopt);
    EXPECT_EQ(judged(second, 100), EndReason::timeout) << "earlier sessions count";
    EXPECT_EQ(judged(first, 1000), std::nullopt);
}

TEST(Refining, GoesOnBehindTheFirstSuccessAndEndsWithTheGoalMet) {
    ToyRun toy(scripted({0.895, 0.5, 0.9}, {.refines = true}));
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::goal_met);
    EXPECT_EQ(result.trials, 3);
    EXPECT_EQ(result.passing.size(), 2U);
    EXPECT_EQ(result.best->trial, TrialId{2}) << "equally many units in high precision: the more accurate one";
    EXPECT_THAT(toy.records_of<journal::LatencyTable>(), IsEmpty()) << "nobody asked for latencies";
}

}  // namespace
}  // namespace halftone
