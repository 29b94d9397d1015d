// The conversation with the strategy: groups, probes and trials that end early.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/toy_scores.hpp"
#include "support/toy_scripts.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::ElementsAre;
using tune::EndReason;

TEST(Groups, RunTogetherUpToTheirLimitAndCountWhatTheyShare) {
    ToyRun toy(scripted(std::vector<double>(11, 0.5), {.group = 1}));
    (void)toy.run();
    EXPECT_THAT(toy.ledger->jobs(),
                ElementsAre(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}, std::vector<std::int64_t>{8, 9, 10}));
    EXPECT_EQ(trials_of(toy)[0].result.score.sample_units, 7000);
    EXPECT_EQ(trials_of(toy)[1].result.score.sample_units, 1000) << "six of seven units are the first candidate's";
    EXPECT_EQ(trials_of(toy)[8].result.score.sample_units, 7000);
}

TEST(Groups, AreNotMadeWhereTheyAreSwitchedOff) {
    ToyProblem problem = scripted(std::vector<double>(4, 0.5), {.group = 1});
    problem.settings.prefix_reuse = false;
    ToyRun toy(std::move(problem));
    (void)toy.run();
    EXPECT_EQ(toy.ledger->jobs().size(), 4U);
}

TEST(Groups, EndAtTheLastTrialThatMayBe) {
    ToyProblem problem = scripted(std::vector<double>(9, 0.5), {.group = 1});
    problem.settings.max_trials = 3;
    ToyRun toy(std::move(problem));
    EXPECT_EQ(toy.run().trials, 3);
    EXPECT_THAT(toy.ledger->jobs(), ElementsAre(std::vector<std::int64_t>{0, 1, 2}));
}

TEST(Probes, AreJournaledAndToldBeforeWhatIsAskedAfterThem) {
    ToyRun toy(scripted({0.5, 0.6}, {.probes_first = true}));
    EXPECT_EQ(toy.run().trials, 2);
    const auto records = toy.records_of<journal::Sensitivity>();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].kind, "output_error");
    EXPECT_EQ(records[0].stage, "look");
    EXPECT_EQ(records[0].samples, 10) << "one for each shard of the toy";
    (void)toy.run();
    EXPECT_EQ(toy.ledger->shards_of(JobKind::probe), 0) << "a resumed session has it in the journal";
}

// Baseline 0.9 and 1 % relative loss: 0.891 passes, so 110 wrong of 1,000 settle that a trial fails: with all wrong
// ones first, after 200 samples.
TEST(EarlyEnd, AFailingVerdictHasBoundsAndAPassingOneIsWhole) {
    ToyRun toy(scripted({0.5, 0.6, 0.8, 0.895}, {.verdicts_from = 1}));
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::goal_met);
    const auto all = trials_of(toy);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_FALSE(all[0].result.score.bounds);
    EXPECT_EQ(all[0].result.score.samples, 1000);
    EXPECT_EQ(all[1].result.score.samples, 200);
    ASSERT_TRUE(all[1].result.score.bounds);
    EXPECT_EQ(*all[1].result.score.bounds, (AccuracyBounds{0.0, 0.8}));
    EXPECT_TRUE(std::isnan(all[1].result.score.accuracy));
    EXPECT_EQ(all[1].verdict, "fail");
    EXPECT_EQ(all[3].result.score.samples, 1000);
    EXPECT_EQ(all[3].result.score.accuracy, 0.895);
}

TEST(EarlyEnd, VerdictsAreThoseOfFullTrials) {
    const std::vector<double> accuracies{0.5, 0.89, 0.8905, 0.88, 0.7, 0.8909, 0.3, 0.891};
    std::vector<std::vector<std::string>> verdicts;
    std::vector<std::int64_t> work;
    for (const bool is_on : {false, true}) {
        ToyProblem problem = scripted(accuracies, {.verdicts_from = 1});
        problem.settings.early_termination = is_on;
        ToyRun toy(std::move(problem));
        const tune::RunResult result = toy.run();
        work.push_back(result.sample_units);
        std::vector<std::string>& mine = verdicts.emplace_back();
        for (const auto& trial : trials_of(toy)) mine.push_back(trial.verdict);
    }
    EXPECT_EQ(verdicts[0], verdicts[1]);
    EXPECT_LT(work[1], work[0]);
}

}  // namespace
}  // namespace halftone
