// Groups, early ends, completions, probes, objectives and finalists, as the coordinator handles them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/toy_scores.hpp"
#include "support/toy_tuning.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;
using tune::EndReason;

/// Asks for the candidates of the space in order, as told to.
class ScriptedStrategy final : public Strategy {
public:
    struct Script {
        std::uint64_t count = 0;
        std::int64_t group = 0;
        std::uint64_t verdicts_from = UINT64_MAX;  ///< candidates from this one on need a verdict only
        bool refines = false;
        bool probes_first = false;
    };
    ScriptedStrategy(const SearchSpace& space, Script script) : space_(space), script_(script) {}

    [[nodiscard]] Ask ask() override {
        if (script_.probes_first && !is_probed_) {
            is_probed_ = true;
            return Ask::of(ProbeRequest{ProbeKind::output_error, space_.at(0)}, "look");
        }
        if (script_.probes_first && !result_) return Ask::wait();
        if (next_ == script_.count) return Ask::done();
        Ask ask = Ask::of(space_.at(next_), "scripted");
        ask.group = script_.group;
        ask.verdict_only = next_ >= script_.verdicts_from;
        ++next_;
        return ask;
    }
    void tell(TrialId, const Outcome&) override {}
    void tell_probe(std::int64_t probe, const ProbeResult& result) override {
        EXPECT_EQ(probe, 0);
        result_ = result;
    }
    [[nodiscard]] bool refines() const override { return script_.refines; }

private:
    const SearchSpace& space_;
    Script script_;
    std::uint64_t next_ = 0;
    bool is_probed_ = false;
    std::optional<ProbeResult> result_;
};

ToyProblem scripted(const std::vector<double>& accuracies, ScriptedStrategy::Script script) {
    ToyProblem problem = listed_problem(accuracies);
    script.count = accuracies.size();
    problem.shards = 10;
    problem.make_strategy = [script](const StrategyContext& c) {
        return std::make_unique<ScriptedStrategy>(c.space, script);
    };
    return problem;
}

std::vector<journal::Trial> trials(const ToyRun& toy) { return toy.records_of<journal::Trial>(); }

// Baseline 0.9 and 1 % relative loss: 0.891 passes, so 110 wrong of 1,000 settle that a trial fails: with all wrong
// ones first, after 200 samples.
TEST(EarlyEnd, AFailingVerdictHasBoundsAndAPassingOneIsWhole) {
    ToyRun toy(scripted({0.5, 0.6, 0.8, 0.895}, {.verdicts_from = 1}));
    const tune::Result result = toy.run();
    EXPECT_EQ(result.reason, EndReason::goal_met);
    const auto all = trials(toy);
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
        const tune::Result result = toy.run();
        work.push_back(result.sample_units);
        std::vector<std::string>& mine = verdicts.emplace_back();
        for (const auto& trial : trials(toy)) mine.push_back(trial.verdict);
    }
    EXPECT_EQ(verdicts[0], verdicts[1]);
    EXPECT_LT(work[1], work[0]);
}

TEST(EarlyEnd, WhenNothingPassesTheBestIsStillFound) {
    ToyRun toy(scripted({0.5, 0.85, 0.7, 0.88}, {.verdicts_from = 1}));
    const tune::Result result = toy.run();
    EXPECT_EQ(result.reason, EndReason::exhausted);
    ASSERT_TRUE(result.best);
    EXPECT_EQ(result.best->trial, TrialId{3});
    EXPECT_EQ(std::get<Score>(result.best->outcome).accuracy, 0.88);
    const auto completions = toy.records_of<journal::Completion>();
    ASSERT_FALSE(completions.empty());
    EXPECT_EQ(toy.listener.delivered.back(), 3);
    // Resumed, the completions are not evaluated again.
    const tune::Result again = toy.run();
    EXPECT_EQ(again.best->trial, TrialId{3});
    EXPECT_THAT(toy.ledger->trials(), IsEmpty());
    EXPECT_EQ(toy.records_of<journal::Completion>().size(), completions.size());
    EXPECT_EQ(toy.records_of<journal::End>().size(), 1U);
}

TEST(Groups, RunTogetherUpToTheirLimitAndCountWhatTheyShare) {
    ToyRun toy(scripted(std::vector<double>(11, 0.5), {.group = 1}));
    (void)toy.run();
    EXPECT_THAT(toy.ledger->jobs(),
                ElementsAre(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}, std::vector<std::int64_t>{8, 9, 10}));
    EXPECT_EQ(trials(toy)[0].result.score.sample_units, 7000);
    EXPECT_EQ(trials(toy)[1].result.score.sample_units, 1000) << "six of seven units are the first candidate's";
    EXPECT_EQ(trials(toy)[8].result.score.sample_units, 7000);
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

TEST(Refining, GoesOnBehindTheFirstSuccessAndEndsWithTheGoalMet) {
    ToyRun toy(scripted({0.895, 0.5, 0.9}, {.refines = true}));
    const tune::Result result = toy.run();
    EXPECT_EQ(result.reason, EndReason::goal_met);
    EXPECT_EQ(result.trials, 3);
    EXPECT_EQ(result.passing.size(), 2U);
    EXPECT_EQ(result.best->trial, TrialId{2}) << "equally many units in high precision: the more accurate one";
    EXPECT_THAT(toy.records_of<journal::LatencyTable>(), IsEmpty()) << "nobody asked for latencies";
}

/// Two units; the table makes fp32 of unit 0 fast.
ToyProblem objective_problem() {
    ToyProblem problem{.space = uniform_space(2, {kMinmax, kFp32}), .outcome = {}, .make_strategy = {}};
    problem.outcome = [](const Candidate&) { return score(0.9); };
    problem.make_strategy = [](const StrategyContext& c) {
        return std::make_unique<ScriptedStrategy>(c.space, ScriptedStrategy::Script{.count = 4});
    };
    problem.settings.timeout_s = 1000;
    problem.latency = LatencyTable{.unit_ms = {{1.0, 0.2}, {0.3, 1.0}}, .conversions = {}, .rest_ms = 0};
    return problem;
}

TEST(Objective, LatencyDecidesBetweenPassingTrials) {
    ToyRun toy(objective_problem());
    const tune::Result result = toy.run();
    EXPECT_EQ(choice_text(result.best->candidate), "1 0");
    EXPECT_EQ(toy.records_of<journal::LatencyTable>().size(), 1U);
    EXPECT_EQ(trials(toy)[0].latency_ms, 1.3);
}

TEST(Objective, OthersCanOutweighIt) {
    ToyProblem problem = objective_problem();
    problem.settings.objective = {.latency = 0, .model_bytes = 1};
    problem.costs = [](const Candidate* c) {
        const std::int64_t fp32 = c == nullptr ? 2 : c->choice[0] + c->choice[1];
        return Costs{.latency_ms = 0, .model_bytes = 100 + 300 * fp32, .footprint_bytes = 0};
    };
    ToyRun toy(std::move(problem));
    EXPECT_EQ(choice_text(toy.run().best->candidate), "0 0");
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
    const tune::Result result = toy.run();
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
