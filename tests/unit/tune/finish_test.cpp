// The end of a run: completion of trials that ended early, and finalists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy/strategies.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_scripts.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::IsEmpty;
using tune::EndReason;

TEST(EarlyEnd, WhenNothingPassesTheBestIsStillFound) {
    ToyRun toy(scripted({0.5, 0.85, 0.7, 0.88}, {.verdicts_from = 1}));
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::exhausted);
    ASSERT_TRUE(result.best);
    EXPECT_EQ(result.best->trial, TrialId{3});
    EXPECT_EQ(std::get<Score>(result.best->outcome).accuracy, 0.88);
    const auto completions = toy.records_of<journal::Completion>();
    ASSERT_FALSE(completions.empty());
    EXPECT_EQ(toy.listener.delivered.back(), 3);
    // Resumed, the completions are not evaluated again.
    const tune::RunResult again = toy.run();
    EXPECT_EQ(again.best->trial, TrialId{3});
    EXPECT_THAT(toy.ledger->trials(), IsEmpty());
    EXPECT_EQ(toy.records_of<journal::Completion>().size(), completions.size());
    EXPECT_EQ(toy.records_of<journal::End>().size(), 1U);
}

TEST(Finalists, TheFastestByTheClockIsDeliveredAndResumeDoesNotTimeAgain) {
    ToyProblem problem = objective_problem();
    int timed = 0;
    problem.time_finalists = [&timed](const std::vector<Candidate>& candidates) {
        ++timed;
        std::vector<MedianInterval> timings;
        for (const Candidate& c : candidates) {  // the table was wrong: all in int8 is fastest
            const double ms = choice_text(c) == "0 0" ? 0.1 : 1.0;
            timings.push_back({ms, ms * 0.99, ms * 1.01});
        }
        return timings;
    };
    ToyRun toy(std::move(problem));
    const tune::RunResult result = toy.run();
    EXPECT_EQ(choice_text(result.best->candidate), "0 0");
    EXPECT_EQ(toy.listener.delivered.back(), result.best->trial.value);
    const auto records = toy.records_of<journal::Finalists>();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].entries.size(), 3U);
    EXPECT_EQ(choice_text(toy.run().best->candidate), "0 0");
    EXPECT_EQ(timed, 1);
    EXPECT_EQ(toy.records_of<journal::Finalists>().size(), 1U);
}

TEST(Finalists, WithinTheNoiseAccuracyDecides) {
    ToyProblem problem = objective_problem();
    problem.outcome = [](const Candidate& c) { return score(c.choice[1] == 1 ? 0.95 : 0.9); };
    problem.time_finalists = [](const std::vector<Candidate>& candidates) {
        std::vector<MedianInterval> timings;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            timings.push_back({1 + 0.001 * static_cast<double>(i), 0.9, 1.1});
        }
        return timings;
    };
    ToyRun toy(std::move(problem));
    EXPECT_EQ(std::get<Score>(toy.run().best->outcome).accuracy, 0.95);
}

/// auto over two units, of which every plan meets the goal; the table takes 8 bits for a little faster.
ToyProblem guarded_problem(ObjectiveUnmet unmet) {
    ToyProblem problem = objective_problem();
    problem.make_strategy = [](const StrategyContext& c) { return make_strategy("auto", c); };
    problem.settings.timeout_s = 0;
    problem.settings.objective_unmet = unmet;
    problem.latency = LatencyTable{.unit_ms = {{0.5, 0.6}, {0.5, 0.6}}, .conversions = {}, .rest_ms = 0};
    problem.costs = [](const Candidate* c) {
        const auto high = c == nullptr ? 2 : std::count(c->choice.begin(), c->choice.end(), 1);
        return Costs{.model_bytes = 100 + 100 * high};
    };
    return problem;
}

/// The toy's clock: 8 bits take `int8_ms`, everything else a millisecond; all within 5 %.
void time_by(ToyProblem& problem, double int8_ms) {
    problem.time_finalists = [int8_ms](const std::vector<Candidate>& candidates) {
        std::vector<MedianInterval> timings;
        for (const Candidate& c : candidates) {
            const double ms = choice_text(c) == "0 0" ? int8_ms : 1.0;
            timings.push_back({ms, ms * 0.95, ms * 1.05});
        }
        return timings;
    };
}

struct GuardedCase {
    ObjectiveUnmet unmet;
    double int8_ms;
    std::string delivered;
    bool is_faster;
};

TEST(GuardedSpeed, WhatIsDeliveredIsNeverSlowerThanFp32) {
    for (const GuardedCase& c :
         {GuardedCase{ObjectiveUnmet::smallest, 0.5, "0 0", true},
          GuardedCase{ObjectiveUnmet::smallest, 1.0, "0 0", false},
          GuardedCase{ObjectiveUnmet::smallest, 1.04, "0 0", false},  // within fp32's interval
          GuardedCase{ObjectiveUnmet::smallest, 1.08, "1 1", false},  // the intervals overlap, and it is slower
          GuardedCase{ObjectiveUnmet::smallest, 1.5, "1 1", false},
          GuardedCase{ObjectiveUnmet::fp32, 1.0, "1 1", false}, GuardedCase{ObjectiveUnmet::fp32, 0.5, "0 0", true},
          GuardedCase{ObjectiveUnmet::fail, 1.5, "1 1", false}}) {
        ToyProblem problem = guarded_problem(c.unmet);
        time_by(problem, c.int8_ms);
        ToyRun toy(std::move(problem));
        const tune::RunResult result = toy.run();
        EXPECT_EQ(choice_text(result.best->candidate), c.delivered) << c.int8_ms;
        ASSERT_TRUE(result.speed);
        EXPECT_EQ(result.speed->is_faster, c.is_faster);
        EXPECT_EQ(result.speed->fp32_ms.median, 1.0);
        EXPECT_EQ(toy.listener.delivered.back(), result.best->trial.value);
        // A resumed run times nothing again and says the same.
        const tune::RunResult again = toy.run();
        EXPECT_EQ(again.speed, result.speed);
        EXPECT_EQ(again.best->trial, result.best->trial);
    }
}

// The table promised five times fp32's speed, so fp32 has no trial; the clock says that nothing is gained.
TEST(GuardedSpeed, Fp32IsDeliveredAsTheBaselineWhereItHasNoTrial) {
    ToyProblem problem = guarded_problem(ObjectiveUnmet::smallest);
    problem.latency = LatencyTable{.unit_ms = {{0.1, 0.5}, {0.1, 0.5}}, .conversions = {}, .rest_ms = 0};
    time_by(problem, 1.5);
    ToyRun toy(std::move(problem));
    const tune::RunResult result = toy.run();
    EXPECT_EQ(trials_of(toy).size(), 1U);
    EXPECT_EQ(result.best->trial, TrialId{-1});
    EXPECT_EQ(choice_text(result.best->candidate), "1 1");
    EXPECT_TRUE(result.is_goal_met);
    EXPECT_EQ(toy.listener.delivered.back(), -1);
    EXPECT_EQ(toy.run().best->trial, TrialId{-1}) << "also when it is resumed";
}

}  // namespace
}  // namespace halftone
