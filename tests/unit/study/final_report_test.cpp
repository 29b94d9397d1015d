// What a tune says at its end, and the words of the progress line.
#include "study/final_report.hpp"

#include <gmock/gmock.h>

#include "study/progress_line.hpp"
#include "support/toy_space.hpp"

namespace halftone::study {
namespace {

using testing::HasSubstr;
using testing::Not;

class FinalReport : public testing::Test {
protected:
    FinalReport() {
        config_.evaluation.emplace();
        config_.tuning.criterion = {.is_relative = false, .loss = 0.01, .higher_is_better = true};
        result_.trials = 3;
        result_.baseline = {.accuracy = 0.9, .correct = 90, .samples = 100};
        result_.is_goal_met = true;
        result_.best = tune::FinishedTrial{.trial = TrialId{2},
                                           .candidate = space_.make(0, {0, 1}),
                                           .outcome = Score{.accuracy = 0.895, .samples = 100},
                                           .is_pass = true};
        run_.reason = "goal_met";
        run_.fp32_ms = 2.0;
        run_.best_ms = 1.0;
    }
    [[nodiscard]] std::string report() const {
        std::optional<Candidate> delivered;
        if (result_.best) delivered = result_.best->candidate;
        return final_report(config_, space_, result_, delivered, run_, {.fp32 = 4000, .best = 1000}, "out/");
    }

    SearchSpace space_ = test::uniform_space(2, {test::kMinmax, test::kFp32});
    RunConfig config_;
    tune::RunResult result_;
    RunDocument run_;
};

TEST_F(FinalReport, ComparesBothModelsAndNamesTheTrialThatMetTheGoal) {
    const std::string text = report();
    EXPECT_THAT(text, HasSubstr("4.0 KB"));
    EXPECT_THAT(text, HasSubstr("1.000 ms"));
    EXPECT_THAT(text, HasSubstr("1 of 2"));
    EXPECT_THAT(text, HasSubstr("goal (0.01 absolute loss at most): met by trial 2\n"));
    EXPECT_THAT(text, HasSubstr("3 trials, ended by goal_met; accuracies of 100 samples\n"));
    EXPECT_THAT(text, HasSubstr("results in out/\n"));
    EXPECT_THAT(text, Not(HasSubstr("warning")));
}

TEST_F(FinalReport, OneTrialIsNoTrials) {
    result_.trials = 1;
    EXPECT_THAT(report(), HasSubstr("\n1 trial, ended by"));
}

TEST_F(FinalReport, SaysWhichMachineTheLatenciesHoldFor) {
    run_.isa = "avx512_core_bf16";
    EXPECT_THAT(report(),
                HasSubstr("\nlatencies: this machine, batch 1, 1 thread, instruction set avx512_core_bf16\n"));
    EXPECT_THAT(report(), HasSubstr("tune there; with cluster.isa, a run refuses all other instruction sets\n"));
    config_.cluster_isa = run_.isa;
    run_.threads = 4;
    EXPECT_THAT(report(), HasSubstr("4 threads, instruction set avx512_core_bf16, which cluster.isa asks for\n"));
    run_.best_ms.reset();
    EXPECT_THAT(report(), Not(HasSubstr("latencies:"))) << "nothing was measured";
}

TEST_F(FinalReport, SaysWhatWouldHelpWhereNothingIsFaster) {
    run_.objective = RunObjective{.is_met = false, .text = "as fast as fp32 here", .help = {"a CPU with VNNI"}};
    EXPECT_THAT(report(),
                HasSubstr("objective performance: as fast as fp32 here\n  what would help: a CPU with VNNI\n"));
    EXPECT_THAT(report(), Not(HasSubstr("exit code")));
    run_.exit_code = 6;
    EXPECT_THAT(report(), HasSubstr("  the exit code is 6, because tuning.objective_unmet is 'fail'\n"));
    run_.objective->is_met = true;
    EXPECT_THAT(report(), Not(HasSubstr("objective performance")));
}

TEST(TimeLeft, IsARangeFromTheNextTrialToTheLastThatMayFollow) {
    tune::Progress progress;
    progress.trial_s = 3;
    progress.most_left = 20;
    EXPECT_EQ(time_left_text(progress, 0), "left 3s to 1m 00s");
    progress.elapsed_s = 90;
    EXPECT_EQ(time_left_text(progress, 100), "left 3s to 10s") << "the time limit ends it sooner";
    EXPECT_EQ(time_left_text(progress, 80), "left 0s to 0s");
    progress.most_left = 0;
    EXPECT_EQ(time_left_text(progress, 0), "left 0s");
}

TEST(TimeLeft, NamesWhatIsExpectedWhereTheStrategyCanSay) {
    tune::Progress progress;
    progress.trial_s = 3;
    progress.most_left = 20;
    progress.expected_left_s = 8;
    EXPECT_EQ(time_left_text(progress, 0), "left about 8s (up to 1m 00s)");
    progress.elapsed_s = 96;
    EXPECT_EQ(time_left_text(progress, 100), "left about 4s (up to 4s)") << "the time limit ends it sooner";
    progress.most_left = 1;
    EXPECT_EQ(time_left_text(progress, 0), "left about 8s (up to 8s)") << "finalists are timed after the last trial";
}

TEST(LiveLine, FitsIntoTheTerminal) {
    EXPECT_EQ(cut_to_columns("trial 3 of at most 20", 8), "trial 3");
    EXPECT_EQ(cut_to_columns("trial 3", 8), "trial 3");
    EXPECT_EQ(cut_to_columns("trial 3", 0), "trial 3") << "no terminal";
    EXPECT_EQ(cut_to_columns("abc\u00e9d", 6), "abc\u00e9") << "of six columns five, and whole characters";
    EXPECT_EQ(cut_to_columns("abc\u00e9d", 5), "abc");
}

TEST_F(FinalReport, Fp32IsNotCalledQuantized) {
    result_.best->candidate = space_.make(0, {1, 1});
    std::get<Score>(result_.best->outcome).loss = ScoreLoss{.value = 0.005};
    run_.best_ms = 2.5;
    EXPECT_THAT(report(), HasSubstr("\ndelivered  "));
    EXPECT_THAT(report(), HasSubstr("loss 0.005 of the delivered model against fp32\n"));
    EXPECT_THAT(report(), HasSubstr("warning: the delivered model is not faster than fp32"));
    EXPECT_THAT(report(), Not(HasSubstr("\nquantized")));
    EXPECT_THAT(report(), Not(HasSubstr("the quantized model")));
}

TEST_F(FinalReport, AStoppedRunCountsOneTrial) {
    run_.reason = "interrupted";
    result_.trials = 1;
    EXPECT_THAT(report(), testing::StartsWith("stopped after 1 trial; continue"));
}

TEST_F(FinalReport, SaysHowMuchIsMissing) {
    result_.is_goal_met = false;
    result_.gap = 0.25;
    EXPECT_THAT(report(), HasSubstr("NOT met; the best model (trial 2) misses it by 0.2500\n"));
    result_.gap = -0.005;  // of the accuracy; another metric has a limit
    const AccuracyCriterion tenth{.is_relative = true, .loss = 0.1, .higher_is_better = false};
    config_.evaluation->metrics = {{.plugin = {"topk", {}}}, {.plugin = {"MSE", {}}, .limit = tenth}};
    result_.baseline.metrics = {{"topk", 0.9}, {"MSE", 2}};
    result_.best->outcome = Score{.accuracy = 0.895, .samples = 100, .metrics = {{"topk", 0.895}, {"MSE", 2.5}}};
    EXPECT_THAT(report(), HasSubstr("NOT met; the best model (trial 2) keeps to it, but MSE is 2.5, and its limit is "
                                    "2.2\n"));
    result_.best.reset();
    EXPECT_EQ(report(), "goal (0.01 absolute loss at most): no trial gave a usable model\n");
}

TEST_F(FinalReport, WarnsOfAModelThatIsNotFaster) {
    run_.best_ms = 2.5;
    EXPECT_THAT(report(), HasSubstr("warning: the quantized model is not faster than fp32"));
}

TEST_F(FinalReport, RepeatsWhatMakesTheResultDoubtful) {
    run_.warnings = {"fp32's topk is 0.1, and guessing gives 0.1"};
    EXPECT_THAT(report(), HasSubstr("\nwarning: fp32's topk is 0.1, and guessing gives 0.1\n"));
    EXPECT_THAT(write_run(run_), HasSubstr("warnings: [\"fp32's topk is 0.1, and guessing gives 0.1\"]\n"));
    run_.warnings.clear();
    EXPECT_THAT(write_run(run_), Not(HasSubstr("warnings")));
}

TEST_F(FinalReport, AStoppedRunSaysHowToGoOn) {
    run_.reason = "interrupted";
    EXPECT_EQ(report(), "stopped after 3 trials; continue with --resume --workspace out/\n");
}

TEST_F(FinalReport, AFrontOfSeveralTrialsIsATable) {
    run_.front = {{.trial = 1, .accuracy = 0.5, .latency_ms = 1, .bytes = 1000},
                  {.trial = 2, .accuracy = 0.895, .latency_ms = 2, .bytes = 2000}};
    EXPECT_THAT(report(), HasSubstr("missed"));
    run_.front.pop_back();
    EXPECT_THAT(report(), Not(HasSubstr("missed")));
}

TEST_F(FinalReport, AFrontOfErrorsShowsDigitsThatCount) {
    result_.baseline = {.accuracy = 0.005759, .samples = 100};
    run_.front = {{.trial = 1, .accuracy = 0.005777, .latency_ms = 1, .bytes = 1000},
                  {.trial = 2, .accuracy = 0.005761, .latency_ms = 2, .bytes = 2000}};
    EXPECT_THAT(report(), HasSubstr("\n1            0.005777 "));
    EXPECT_THAT(report(), HasSubstr("\n2            0.005761 "));
}

TEST(DurationText, HasTheTwoLargestUnits) {
    EXPECT_EQ(duration_text(11.6), "12s");
    EXPECT_EQ(duration_text(200), "3m 20s");
    EXPECT_EQ(duration_text(3720), "1h 02m");
}

TEST(AccuracyText, SaysHowManySamplesItIsFrom) {
    EXPECT_EQ(accuracy_text({.accuracy = 0.5, .samples = 10}), "0.5000 of 10");
    EXPECT_EQ(accuracy_text({.accuracy = 0.00575, .samples = 10}), "0.00575 of 10") << "an error, no share";
    EXPECT_THAT(accuracy_text({.accuracy = 0.9, .correct = 90, .samples = 100}), HasSubstr("] of 100"));
    EXPECT_EQ(accuracy_text({.accuracy = 0, .samples = 10, .bounds = AccuracyBounds{.low = 0, .high = 0.75}}),
              "at most 0.7500, from 10");
    EXPECT_EQ(accuracy_text({.accuracy = 0, .samples = 10, .bounds = AccuracyBounds{.low = 0, .high = 0.00575}}),
              "at most 0.00575, from 10");
}

}  // namespace
}  // namespace halftone::study
