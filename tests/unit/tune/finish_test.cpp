// The end of a run: completion of trials that ended early, and finalists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace halftone
