// A second session in the same workspace: what is told again, what is evaluated, and what changed limits do.
#include <gmock/gmock.h>

#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tune::EndReason;

const std::vector<double> kRising{0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.895, 0.9};

/// A run that was stopped by a signal in trial 3, in its second shard.
class Resume : public testing::Test {
protected:
    void SetUp() override {
        toy.hooks.on_shard = [&](const Job& job, std::int64_t shard, RankId) {
            toy.clock.advance(seconds(1));
            if (job.trial.value == 3 && shard == 1) toy.stop = true;
        };
        ASSERT_EQ(toy.run().reason, EndReason::interrupted);
        ASSERT_EQ(toy.records_of<journal::Trial>().size(), 3U);
        toy.stop = false;
        toy.hooks.on_shard = [&](const Job&, std::int64_t, RankId) { toy.clock.advance(seconds(1)); };
    }

    ToyRun toy{listed_problem(kRising)};
};

TEST_F(Resume, EvaluatesOnlyWhatHasNoResultYet) {
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::goal_met);
    EXPECT_EQ(result.trials, 7);
    EXPECT_THAT(toy.ledger->trials(), ElementsAre(3, 4, 5, 6));
    EXPECT_EQ(toy.ledger->shards_of(JobKind::baseline), 0);
    EXPECT_EQ(toy.ledger->shards_of(JobKind::calibrate), 3) << "statistics are not kept";
}

TEST_F(Resume, GivesTheRecordsOfAnUndisturbedRun) {
    toy.run();
    ToyRun undisturbed(listed_problem(kRising));
    undisturbed.run();
    EXPECT_EQ(toy.lasting_lines(), undisturbed.lasting_lines());
}

TEST_F(Resume, DeliversTheBestOfEarlierSessionsOnceBeforeAnythingNew) {
    toy.run();
    EXPECT_THAT(toy.listener.events,
                ElementsAre("baseline 900", "replayed 0", "replayed 1", "replayed 2", "best 2", "trial 3", "best 3",
                            "trial 4", "best 4", "trial 5", "best 5", "trial 6", "best 6"));
}

TEST_F(Resume, ASecondStopInTheReplayDoesNotCutOffWhatIsDone) {
    toy.listener.on_event = [&](const std::string& event) {
        if (event == "replayed 0") toy.stop = true;
    };
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::interrupted);
    EXPECT_EQ(result.trials, 3);
    EXPECT_THAT(toy.listener.delivered, ElementsAre(2));
    EXPECT_THAT(toy.ledger->trials(), IsEmpty());
}

TEST_F(Resume, CountsTheTimeOfEarlierSessions) {
    // 6 s of fp32 and 3 s each for trials 0 to 2; trial 3 was cut off. Resuming costs 3 s of calibration.
    toy.run();
    EXPECT_EQ(toy.records_of<journal::Trial>()[2].elapsed_ms, 15'000);
    EXPECT_EQ(toy.records_of<journal::Trial>()[3].elapsed_ms, 21'000);
}

TEST_F(Resume, AFinishedRunStaysAsItIs) {
    toy.run();
    const auto before = toy.lasting_lines();
    const tune::RunResult again = toy.run();
    EXPECT_EQ(again.reason, EndReason::goal_met);
    EXPECT_EQ(again.best->trial, TrialId{6});
    EXPECT_THAT(toy.ledger->trials(), IsEmpty());
    EXPECT_THAT(toy.listener.delivered, ElementsAre(6)) << "best.onnx is written again, whatever became of it";
    EXPECT_EQ(toy.lasting_lines(), before) << "one end record";
}

TEST_F(Resume, AHigherTrialLimitGoesOn) {
    toy.problem().settings.max_trials = 5;
    EXPECT_EQ(toy.run().reason, EndReason::max_trials);
    toy.problem().settings.max_trials = 6;
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.trials, 6);
    EXPECT_THAT(toy.ledger->trials(), ElementsAre(5));
    EXPECT_THAT(toy.records_of<journal::End>(), testing::SizeIs(2));
}

TEST_F(Resume, ALowerTrialLimitEndsWhereItSays) {
    toy.problem().settings.max_trials = 2;
    const tune::RunResult result = toy.run();
    EXPECT_EQ(result.reason, EndReason::max_trials);
    EXPECT_EQ(result.trials, 2);
    EXPECT_EQ(result.best->trial, TrialId{1});
    EXPECT_THAT(toy.listener.delivered, ElementsAre(1));
    EXPECT_EQ(toy.records_of<journal::Trial>().size(), 3U) << "the journal forgets nothing";
}

TEST_F(Resume, ARunThatEndedByTimeoutHasEnded) {
    toy.problem().settings.timeout_s = 22;
    ASSERT_EQ(toy.run().reason, EndReason::timeout);
    const auto before = toy.lasting_lines();
    toy.hooks = {};  // resuming takes no time, so only the end record knows that the time was up
    const tune::RunResult again = toy.run();
    EXPECT_EQ(again.reason, EndReason::timeout);
    EXPECT_EQ(again.trials, 4) << "all that was told before, though the time is up from the start";
    EXPECT_THAT(toy.ledger->trials(), IsEmpty());
    EXPECT_EQ(toy.lasting_lines(), before);
}

TEST_F(Resume, AHigherTimeoutGoesOn) {
    toy.problem().settings.timeout_s = 22;
    ASSERT_EQ(toy.run().reason, EndReason::timeout);
    toy.problem().settings.timeout_s = 1000;
    EXPECT_EQ(toy.run().reason, EndReason::exhausted);
    EXPECT_EQ(toy.records_of<journal::Trial>().size(), kRising.size());
}

TEST_F(Resume, AnotherCandidateUnderTheSameNumberIsRefused) {
    toy.problem().space = toy_space({decision("u0", {kKl})}, toy.problem().space.calibration_sizes());
    try {
        toy.run();
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("the journal's trial 0 is candidate"));
    }
}

TEST_F(Resume, AStrategyThatEndsBeforeTheJournalIsRefused) {
    toy.problem().make_strategy = [](const StrategyContext& c) {
        return std::make_unique<CountingStrategy>(c.space, 2);
    };
    EXPECT_THROW(toy.run(), ConfigError);
}

TEST_F(Resume, AJournalWithAGapIsRefused) {
    std::string text;
    for (const auto& record : toy.records()) {
        const auto* trial = std::get_if<journal::Trial>(&record);
        if (trial == nullptr || trial->trial != 1) text += journal::to_line(record) + "\n";
    }
    ToyRun damaged(listed_problem(kRising), text);
    EXPECT_THROW(damaged.run(), IoError);
    EXPECT_THAT(damaged.ledger->trials(), IsEmpty());
}

TEST(ResumePartials, AResultThatCameEarlyIsUsedAndBecomesATrialInItsTurn) {
    const ToyProblem problem = listed_problem({0.7, 0.8, 0.9});
    const auto hash = [&](std::uint64_t t) {
        const std::uint64_t h = problem.space.at(t).hash;
        std::string hex(16, '0');
        for (int i = 0; i < 16; ++i) hex[static_cast<std::size_t>(i)] = "0123456789abcdef"[(h >> (60 - 4 * i)) & 15U];
        return hex;
    };
    ToyRun first(listed_problem({0.7, 0.8, 0.9}));
    first.problem().settings.max_trials = 0;
    first.run();
    std::string text;
    for (const auto& record : first.records()) {
        if (!std::holds_alternative<journal::End>(record)) text += journal::to_line(record) + "\n";
    }
    const journal::TrialResult early{
        .score = {.accuracy = 0.85, .correct = 850, .samples = 1000, .sample_units = 7000}};
    text += journal::to_line(journal::Partial{.of = 1, .candidate = hash(1), .result = early}) + "\n";

    ToyRun toy(listed_problem({0.7, 0.8, 0.9}), text);
    toy.run();
    EXPECT_THAT(toy.ledger->trials(), ElementsAre(0, 2));
    const auto trials = toy.records_of<journal::Trial>();
    ASSERT_EQ(trials.size(), 3U);
    EXPECT_EQ(trials[1].result, early);
    EXPECT_EQ(toy.records_of<journal::Partial>().size(), 1U) << "not written again";
}

}  // namespace
}  // namespace halftone
