#include "study/study_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "base/file_system.hpp"
#include "journal/journal.hpp"
#include "unit/study/run_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(StudySource, HoldsWhatTheJournalRecorded) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    const StudySource source = run.read();
    EXPECT_THAT(run.warnings, IsEmpty());
    EXPECT_EQ(source.header.strategy, "basic");
    ASSERT_TRUE(source.baseline);
    EXPECT_EQ(source.baseline->result.score.accuracy, 0.9328);
    ASSERT_THAT(source.trials, SizeIs(4));
    EXPECT_EQ(source.trials[1].verdict, "pass");
    EXPECT_EQ(source.trials[2].result.failure, "scale is not finite");
    ASSERT_TRUE(source.trials[3].result.score.bounds);
    EXPECT_THAT(source.sensitivities, SizeIs(1));
    EXPECT_FALSE(source.latency);
    EXPECT_FALSE(source.end);
    EXPECT_EQ(source.sessions, 1);
    EXPECT_EQ(source.delivered(), -1);
}

TEST(StudySource, HoldsLatencyFinalistsAndTheEnd) {
    std::vector<journal::Record> records = four_trials();
    records.emplace_back(journal::LatencyTable{.unit_ms = {{0.1, 0.25}, {0.3}}, .conversions = {}, .rest_ms = 0.5});
    records.emplace_back(journal::Finalists{.entries = {{1, "9f3c61d2a0b7e845", {1.5, 1.4, 1.6}}}, .chosen = 1});
    records.emplace_back(journal::End{.reason = "goal_met", .trials = 4, .best = 1, .goal_met = true});
    RunFolder run(records);
    const StudySource source = run.read();
    ASSERT_TRUE(source.latency);
    EXPECT_EQ(source.latency->rest_ms, 0.5);
    ASSERT_TRUE(source.finalists);
    EXPECT_EQ(source.finalists->chosen, 1);
    ASSERT_TRUE(source.end);
    EXPECT_EQ(source.delivered(), 1);
}

TEST(StudySource, ATrialThatWasCompletedHasItsFullResult) {
    std::vector<journal::Record> records = four_trials();
    records.emplace_back(
        journal::Completion{.of = 3, .candidate = "9f3c61d2a0b7e845", .result = journal::sample_result(0.9, 2)});
    RunFolder run(records);
    const StudySource source = run.read();
    EXPECT_EQ(source.result(source.trials[3]).score.accuracy, 0.9);
    EXPECT_EQ(source.result(source.trials[0]).score.accuracy, 0.9166);
}

TEST(StudySource, ARunThatWentOnAfterItsEndHasNotEnded) {
    std::vector<journal::Record> records = four_trials();
    const journal::Record fourth = records.back();
    records.pop_back();
    records.emplace_back(journal::End{.reason = "timeout", .trials = 3, .best = 1});
    records.emplace_back(journal::Resume{.trials = 3, .ranks = 2});
    records.push_back(fourth);
    RunFolder run(records);
    const StudySource source = run.read();
    EXPECT_EQ(source.sessions, 2);
    EXPECT_FALSE(source.end);
}

// Such a session writes no second end: the run is as it was.
TEST(StudySource, ASessionThatFoundNothingToDoLeavesTheEndAsItWas) {
    std::vector<journal::Record> records = four_trials();
    records.emplace_back(journal::End{.reason = "timeout", .trials = 4, .best = 1});
    records.emplace_back(journal::Resume{.trials = 4, .ranks = 2});
    records.emplace_back(journal::Resume{.trials = 4, .ranks = 1});
    RunFolder run(records);
    const StudySource ended = run.read();
    EXPECT_EQ(ended.sessions, 3);
    ASSERT_TRUE(ended.end);
    EXPECT_EQ(ended.end->reason, "timeout");
    EXPECT_EQ(ended.delivered(), 1);
    // While a session holds the journal, nobody knows yet whether it will go on.
    const auto files = make_posix_file_system();
    const auto lock = files->try_lock(run.path("trials.jsonl"));
    EXPECT_FALSE(run.read().end);
}

TEST(StudySource, ARunIsRunningWhileAnotherHoldsItsJournal) {
    RunFolder run(four_trials());
    EXPECT_FALSE(run.read().is_running);
    const auto files = make_posix_file_system();
    const auto lock = files->try_lock(run.path("trials.jsonl"));
    EXPECT_TRUE(run.read().is_running);
}

TEST(StudySource, FactsComeFromStudyJson) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    const StudySource source = run.read();
    ASSERT_TRUE(source.has_facts);
    EXPECT_EQ(source.ranks, 2);
    EXPECT_EQ(source.libraries, R"({"onednn":"2.6.3","mpi":"Open MPI 4.1.4"})");
    EXPECT_THAT(source.calibration_sizes, ElementsAre(50, 100));
    EXPECT_NEAR(source.goal_limit(), 0.9228, 1e-12);
    ASSERT_THAT(source.units, SizeIs(2));
    EXPECT_THAT(source.units[0].nodes, ElementsAre("/0/conv", "/0/relu"));
    EXPECT_EQ(source.units[0].refused, "bf16: no AVX512_BF16");
    const OptionFacts* option = source.option(source.trials[1].options, 1);
    ASSERT_NE(option, nullptr);
    EXPECT_EQ(option->activation_dtype, "fp32");
    EXPECT_EQ(option->activation_scheme, "");
    EXPECT_EQ(source.option(source.trials[2].options, 1), nullptr) << "the trial recorded no options";
}

TEST(StudySource, WithoutStudyJsonUnitsAreThoseThatTheJournalNames) {
    RunFolder run(four_trials());
    const StudySource source = run.read();
    EXPECT_THAT(run.warnings, IsEmpty());
    EXPECT_FALSE(source.has_facts);
    ASSERT_THAT(source.units, SizeIs(2));
    EXPECT_EQ(source.units[1].name, "/1/gemm");
    EXPECT_THAT(source.units[1].options, IsEmpty());
    EXPECT_TRUE(std::isnan(source.goal_limit()));
}

TEST(StudySource, DamagedFactsAreAWarning) {
    for (const std::string damaged : {"", "{", "[]", R"({"format": 1})", R"({"version": 7})"}) {
        RunFolder run(four_trials());
        run.write("study.json", damaged);
        const StudySource source = run.read();
        EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("study.json: damaged"))) << damaged;
        EXPECT_FALSE(source.has_facts);
        EXPECT_THAT(source.units, SizeIs(2)) << "from the journal";
    }
}

// The library would cut 1.5 to 1, and wrap 2^63 around.
TEST(StudySource, NumbersThatDoNotFitAreDamage) {
    const std::string good = kStudyJson;
    for (const char* number : {"9223372036854775808", "1.5", "1e300", "-9223372036854775809", "\"2\"", "null"}) {
        RunFolder run(four_trials());
        std::string damaged = good;
        run.write("study.json", damaged.replace(damaged.find("\"ranks\": 2"), 10, "\"ranks\": " + std::string(number)));
        const StudySource source = run.read();
        EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("damaged ('ranks' is no integer of 64 bits)"))) << number;
        EXPECT_FALSE(source.has_facts);
    }
}

TEST(StudySource, ThePlanSaysWhatIsDeliveredWhileTheRunGoesOn) {
    RunFolder run(four_trials());
    run.write("best.yaml", kBestYaml);
    const StudySource source = run.read();
    EXPECT_EQ(source.plan_text, kBestYaml);
    EXPECT_EQ(source.delivered(), 1);
}

TEST(StudySource, ADamagedPlanIsAWarning) {
    RunFolder run(four_trials());
    run.write("best.yaml", "units: [");
    const StudySource source = run.read();
    EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("the delivered plan is left out")));
    EXPECT_EQ(source.plan_text, "");
    EXPECT_EQ(source.delivered(), -1);
}

TEST(StudySource, APlanWithoutAUsableTrialNumberDeliversNothing) {
    for (const std::string plan : {"trial: none\n", "trial: [1]\n", "trial: 12abc\n", "format: 1\n", "- 1\n"}) {
        RunFolder run(four_trials());
        run.write("best.yaml", plan);
        EXPECT_EQ(run.read().delivered(), -1) << plan;
    }
}

TEST(StudySource, AnUnfinishedLastLineIsAWarning) {
    RunFolder run(four_trials());
    std::ofstream(run.path("trials.jsonl"), std::ios::app) << R"({"type":"tri)";
    EXPECT_THAT(run.read().trials, SizeIs(4));
    EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("its last line is unfinished")));
}

TEST(StudySource, TrialsThatAreMissingOrTwiceAreAWarning) {
    for (const bool is_twice : {false, true}) {
        std::vector<journal::Record> records = four_trials();
        const auto second = records.begin() + 4;
        is_twice ? records.insert(second, *second) : records.erase(second);
        RunFolder run(records);
        (void)run.read();
        const std::string says =
            is_twice ? "trial 1 stands where trial 2 belongs" : "trial 2 stands where trial 1 belongs";
        const std::string line = is_twice ? "6" : "5";
        EXPECT_THAT(run.warnings, ElementsAre(HasSubstr("trials.jsonl:" + line + ": " + says)));
    }
    RunFolder whole(four_trials());
    (void)whole.read();
    EXPECT_THAT(whole.warnings, testing::IsEmpty());
}

TEST(StudySource, RefusesAFolderWithoutARun) {
    const TemporaryFolder folder;
    std::vector<std::string> warnings;
    EXPECT_THROW((void)read_study_source(folder.path(), warnings), IoError);
    RunFolder headless({journal::End{.reason = "goal_met"}});
    EXPECT_THROW((void)headless.read(), IoError);
}

}  // namespace
}  // namespace halftone::study
