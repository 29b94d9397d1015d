// One session on one rank: when it ends, what it writes, what it delivers, and in which order.
#include <gmock/gmock.h>

#include <limits>
#include <thread>

#include "support/toy_scores.hpp"
#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using tune::EndReason;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Baseline 0.9 and 1 % relative loss: 0.891 passes.
tune::RunResult run(ToyRun& toy) { return toy.run(); }

std::vector<std::string> verdicts(const ToyRun& toy) {
    std::vector<std::string> all;
    for (const auto& trial : toy.records_of<journal::Trial>()) all.push_back(trial.verdict);
    return all;
}

TEST(Coordinator, WithoutATimeoutEndsAtTheFirstTrialThatMeetsTheGoal) {
    ToyRun toy(listed_problem({0.7, 0.8, 0.891, 0.95}));
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::goal_met);
    EXPECT_EQ(result.trials, 3);
    EXPECT_EQ(result.best->trial, TrialId{2});
    EXPECT_TRUE(result.is_goal_met);
    EXPECT_LE(result.gap, 0);
    EXPECT_THAT(verdicts(toy), ElementsAre("fail", "fail", "pass"));
}

TEST(Coordinator, WritesWhatTheRecordsSay) {
    ToyRun toy(listed_problem({0.7, 0.9}));
    const tune::RunResult result = run(toy);
    const auto baseline = toy.records_of<journal::Baseline>();
    ASSERT_EQ(baseline.size(), 1U);
    EXPECT_EQ(baseline[0].result.score.accuracy, 0.9);
    EXPECT_EQ(baseline[0].result.score.sample_units, 7 * kToySamples);
    const auto trials = toy.records_of<journal::Trial>();
    ASSERT_EQ(trials.size(), 2U);
    EXPECT_EQ(trials[0].trial, 0);
    EXPECT_EQ(trials[0].stage, "counting");
    EXPECT_EQ(trials[0].result.score.correct, 700);
    EXPECT_EQ(trials[0].result.score.samples, kToySamples);
    EXPECT_EQ(trials[0].result.score.sample_units, 7 * kToySamples);
    const auto end = toy.records_of<journal::End>();
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0], (journal::End{.reason = "goal_met",
                                    .trials = 2,
                                    .best = 1,
                                    .goal_met = true,
                                    .sample_units = 14 * kToySamples,
                                    .elapsed_ms = 0}));
    EXPECT_EQ(result.sample_units, 14 * kToySamples);
}

TEST(Coordinator, RecordsTheUnitsThatFellBack) {
    ToyProblem problem{
        .space = uniform_space(2, {kMinmax, kFp32}),
        .outcome = AdditiveCosts{{{0.3, 0.0}, {0.0, 0.0}}},
        .make_strategy = [](const StrategyContext& c) { return std::make_unique<CountingStrategy>(c.space, 4); }};
    ToyRun toy(std::move(problem));
    run(toy);
    const auto trials = toy.records_of<journal::Trial>();
    ASSERT_EQ(trials.size(), 3U);
    EXPECT_THAT(trials[0].changed, IsEmpty());
    EXPECT_THAT(trials[1].changed, ElementsAre(journal::Change{"u1", "fp32"}));
    EXPECT_THAT(trials[2].changed, ElementsAre(journal::Change{"u0", "fp32"}));
}

TEST(Coordinator, AResultIsOnDiskThenToldThenShownThenDelivered) {
    struct Watching final : Strategy {
        explicit Watching(ToyRun& r, const SearchSpace& space) : run(r), inner(space, 2) {}
        Ask ask() override { return inner.ask(); }
        void tell(TrialId trial, const Outcome& outcome) override {
            run.files->crash();  // what was not synced is gone
            EXPECT_EQ(run.records_of<journal::Trial>().size(), trial.index() + 1);
            EXPECT_EQ(run.listener.events.back(), trial.value == 0 ? "baseline 900" : "best 0");
            inner.tell(trial, outcome);
        }
        ToyRun& run;
        CountingStrategy inner;
    };
    ToyRun toy(listed_problem({0.7, 0.8}));
    toy.problem().make_strategy = [&](const StrategyContext& c) { return std::make_unique<Watching>(toy, c.space); };
    EXPECT_THROW(run(toy), IoError) << "the crash closed the journal, so the second trial cannot be written";
    EXPECT_THAT(toy.listener.events, ElementsAre("baseline 900", "trial 0", "best 0"));
}

TEST(Coordinator, DeliversOnlyWhatIsBetter) {
    ToyRun toy(listed_problem({0.7, 0.6, 0.7, 0.8}));
    const tune::RunResult result = run(toy);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0, 3));
    EXPECT_EQ(result.reason, EndReason::exhausted);
}

TEST(Coordinator, IfNothingMeetsTheGoalTheBestFailingTrialIsDeliveredWithItsGap) {
    ToyRun toy(listed_problem({0.7, 0.85, 0.8}));
    const tune::RunResult result = run(toy);
    EXPECT_FALSE(result.is_goal_met);
    EXPECT_EQ(result.best->trial, TrialId{1});
    EXPECT_NEAR(result.gap, 0.041, 1e-12);
    EXPECT_FALSE(toy.records_of<journal::End>()[0].goal_met);
}

TEST(Coordinator, FollowsTheDirectionOfTheMetric) {
    ToyRun toy(listed_problem({0.99, 0.95, 0.97, 0.905}));
    toy.problem().settings.criterion.higher_is_better = false;
    const tune::RunResult result = run(toy);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0, 1, 3));
    EXPECT_TRUE(result.is_goal_met);
}

TEST(Coordinator, AFailingCandidateIsAnErrorAndTheSearchGoesOn) {
    ToyProblem problem = listed_problem({0.7, 0.95, 0.9});
    problem.outcome = [list = problem.outcome](const Candidate& c) {
        return c.calibration == 1 ? Outcome(TrialFailure{"never"}) : list(c);
    };
    ToyRun toy(std::move(problem));
    const tune::RunResult result = run(toy);
    EXPECT_THAT(verdicts(toy), ElementsAre("fail", "error", "pass"));
    EXPECT_EQ(result.best->trial, TrialId{2});
    const auto failed = toy.records_of<journal::Trial>()[1].result;
    EXPECT_THAT(failed.failure, testing::EndsWith("cannot run"));
    EXPECT_EQ(failed.score.sample_units, 0);
}

TEST(Coordinator, IfEveryCandidateFailsNothingIsDelivered) {
    ToyProblem problem = listed_problem({0.7, 0.7});
    problem.outcome = [](const Candidate&) { return TrialFailure{"never"}; };
    ToyRun toy(std::move(problem));
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::exhausted);
    EXPECT_FALSE(result.best);
    EXPECT_THAT(toy.listener.delivered, IsEmpty());
    EXPECT_EQ(toy.records_of<journal::End>()[0].best, -1);
}

TEST(Coordinator, AnAccuracyThatIsNoNumberFailsAndLosesAgainstAnyOther) {
    ToyRun toy(listed_problem({kNaN, 0.1}));
    const tune::RunResult result = run(toy);
    EXPECT_THAT(verdicts(toy), ElementsAre("fail", "fail"));
    EXPECT_EQ(result.best->trial, TrialId{1});
}

TEST(Coordinator, ABaselineThatIsNoNumberEndsTheRun) {
    ToyRun toy(listed_problem({0.7}));
    toy.problem().baseline = kNaN;
    EXPECT_THROW(run(toy), ModelError);
}

TEST(Coordinator, EndsWithExactlyMaxTrials) {
    ToyRun toy(listed_problem(std::vector<double>(200, 0.5)));
    toy.problem().settings.max_trials = 100;
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::max_trials);
    EXPECT_EQ(result.trials, 100);
    EXPECT_EQ(toy.records_of<journal::Trial>().size(), 100U);
    EXPECT_EQ(toy.ledger->trials().size(), 100U) << "none was evaluated in vain";
}

TEST(Coordinator, NoTrialsAllowedMeansNoTrials) {
    ToyRun toy(listed_problem({0.9}));
    toy.problem().settings.max_trials = 0;
    EXPECT_EQ(run(toy).reason, EndReason::max_trials);
    EXPECT_THAT(verdicts(toy), IsEmpty());
}

TEST(Coordinator, WithoutEvaluationDataItOnlyCalibrates) {
    ToyRun toy(listed_problem({0.9}));
    toy.problem().settings.calibrate_only = true;
    bool is_installed = false;
    toy.hooks.on_install = [&] { is_installed = true; };
    const tune::RunResult result = run(toy);
    EXPECT_TRUE(is_installed);
    EXPECT_EQ(result.trials, 0);
    EXPECT_EQ(toy.records().size(), 1U) << "the header";
    EXPECT_THAT(toy.listener.events, IsEmpty());
}

// ---- timeout > 0 ----

/// Every trial takes 10 s.
void let_time_pass(ToyRun& toy) {
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.kind == JobKind::evaluate && shard == 0) toy.clock.advance(seconds(10));
    };
}

TEST(Coordinator, WithATimeoutItGoesOnAfterTheGoalIsMet) {
    ToyRun toy(listed_problem({0.9, 0.7, 0.95, 0.7, 0.7, 0.7, 0.7}));
    toy.problem().settings.timeout_s = 45;
    let_time_pass(toy);
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::timeout);
    EXPECT_EQ(result.trials, 4) << "the fifth was running when the time was up";
    EXPECT_EQ(result.best->trial, TrialId{2});
    EXPECT_EQ(toy.records_of<journal::Trial>()[2].elapsed_ms, 30'000);
    EXPECT_EQ(toy.records_of<journal::End>()[0].elapsed_ms, 50'000);
}

TEST(Coordinator, WithATimeoutItEndsWhenTheStrategyDoes) {
    ToyRun toy(listed_problem({0.9, 0.7}));
    toy.problem().settings.timeout_s = 1000;
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::exhausted);
    EXPECT_TRUE(result.is_goal_met);
}

TEST(Coordinator, ATimeoutThatIsTooShortStillGivesOneTrial) {
    ToyRun toy(listed_problem({0.7, 0.9}));
    toy.problem().settings.timeout_s = 1;
    let_time_pass(toy);
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::timeout);
    EXPECT_EQ(result.trials, 1);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0));
}

// ---- interruption ----

TEST(Coordinator, AStopRequestEndsItAtTheNextShard) {
    ToyRun toy(listed_problem({0.7, 0.8, 0.85, 0.9}));
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.trial.value == 1 && shard == 1) toy.stop = true;
    };
    const tune::RunResult result = run(toy);
    EXPECT_EQ(result.reason, EndReason::interrupted);
    EXPECT_EQ(result.trials, 1);
    EXPECT_EQ(toy.ledger->shards_of(JobKind::evaluate, 1), 2);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0)) << "the best so far";
    EXPECT_THAT(toy.records_of<journal::End>(), IsEmpty()) << "a run that goes on has no end";
}

TEST(Coordinator, AStopRequestDuringTheLastShardOfATrialKeepsTheTrial) {
    ToyRun toy(listed_problem({0.7, 0.8}));
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.trial.value == 0 && shard == 2) toy.stop = true;
    };
    EXPECT_EQ(run(toy).trials, 1);
    EXPECT_EQ(toy.records_of<journal::Trial>().size(), 1U);
}

/// The last shard takes longer than rank 0 takes to see the flag, so its result comes after Stop was sent.
TEST(Coordinator, AStopRequestKeepsTrialsThatTheWorkersEndWith) {
    ToyRun toy(listed_problem({0.7, 0.8}));
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.trial.value != 0 || shard != 2) return;
        toy.stop = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
    };
    const tune::RunResult result = toy.run(2);
    EXPECT_EQ(result.reason, EndReason::interrupted);
    EXPECT_EQ(result.trials, 1);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(0));
}

TEST(Coordinator, AStopRequestThatComesWithTheDecisionIsTooLate) {
    ToyRun toy(listed_problem({0.9, 0.8}));
    toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
        if (job.trial.value == 0 && shard == 2) toy.stop = true;
    };
    EXPECT_EQ(run(toy).reason, EndReason::goal_met);
}

TEST(Coordinator, AStopRequestBeforeTheSearchEndsIt) {
    ToyRun toy(listed_problem({0.9}));
    toy.stop = true;
    EXPECT_EQ(run(toy).reason, EndReason::interrupted);
    EXPECT_EQ(toy.records().size(), 1U);
}

}  // namespace
}  // namespace halftone
