#include "study/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/study/run_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RunReport, SaysWhereARunIs) {
    RunFolder run(four_trials());
    run.write("study.json", kStudyJson);
    run.write("best.yaml", kBestYaml);
    const std::string text = run_report_text(run.read());
    EXPECT_THAT(text, HasSubstr(": strategy basic, stopped before its end (tune --resume goes on)\n"));
    EXPECT_THAT(text, HasSubstr("fp32       0.9328 [0.9277, 0.9375]\n"));
    EXPECT_THAT(text, HasSubstr("goal       at least 0.9228 (absolute loss of 0.01)\n"));
    EXPECT_THAT(text, HasSubstr("trials     4 of at most 9\n"));
    EXPECT_THAT(text, HasSubstr("delivered  trial 1 (pass): 0.9300 ["));
    EXPECT_THAT(text, HasSubstr("error 0 units in high precision, failed: scale is not finite\n"));
    EXPECT_THAT(text, HasSubstr("at most 0.9210, from 1000 samples\n"));
}

TEST(RunReport, SaysHowMuchTimeIsLeftWhileTheRunGoesOn) {
    RunFolder run(four_trials());
    StudySource source = run.read();
    source.is_running = true;
    source.progress =
        RunProgress{.trials = 4, .most_left = 5, .elapsed_s = 60, .expected_left_s = 20, .most_left_s = 100};
    source.progress_age_s = 5;
    EXPECT_THAT(run_report_text(source),
                HasSubstr("\ntime       1m 05s so far, about 15s left (up to 1m 35s); at most 5 trials may follow\n"));
    EXPECT_THAT(run_report_json(source), HasSubstr(R"("progress":{"elapsed_s":65.0,"most_trials_left":5,)"
                                                   R"("expected_left_s":15.0,"most_left_s":95.0})"));
    EXPECT_THAT(run_report_text(run.read()), Not(HasSubstr("time  ")));
    source.progress = RunProgress{.elapsed_s = 60};
    EXPECT_THAT(run_report_text(source), HasSubstr("\ntime       1m 05s so far\n")) << "before the first trial";
}

TEST(RunReport, AProgressFileIsReadOnlyWhileTheRunGoesOn) {
    RunFolder run(four_trials());
    const RunProgress written{.trials = 4, .most_left = 5, .elapsed_s = 60, .written_s = 1.7e9};
    run.write("progress.json", write_progress(written));
    EXPECT_FALSE(run.read().progress) << "left behind by a run that was killed";
    EXPECT_EQ(read_progress(write_progress(written)), written);
    for (const char* damaged : {"", "{}", "[1]",
                                R"({"trials":-1,"most_left":5,"elapsed_s":6,"expected_left_s":null,)"
                                R"("most_left_s":null,"written_s":1})",
                                R"({"trials":1e30,"most_left":5,"elapsed_s":6,"expected_left_s":null,)"
                                R"("most_left_s":null,"written_s":1})",
                                R"({"trials":1,"most_left":5,"elapsed_s":6,"expected_left_s":1e300,)"
                                R"("most_left_s":null,"written_s":1})"})
        EXPECT_THROW(static_cast<void>(read_progress(damaged)), DataError) << damaged;
}

TEST(RunReport, BeginsWithTheVerdictOfARunThatHasEnded) {
    std::vector<journal::Record> records = four_trials();
    RunFolder stopped(records);
    const std::string verdict = "int8 is 1.9 x as fast, loses 0.0013 [0.0002, 0.0024], goal met";
    stopped.write("run.yaml", "verdict: \"" + verdict + "\"\n");
    EXPECT_THAT(run_report_text(stopped.read()), Not(HasSubstr("1.9 x"))) << "of an earlier session";
    records.emplace_back(journal::End{.reason = "goal_met", .trials = 4, .best = 1, .goal_met = true});
    RunFolder run(records);
    run.write("run.yaml", "verdict: \"" + verdict + "\"\n");
    EXPECT_EQ(run_report_text(run.read()).substr(0, verdict.size() + 1), verdict + "\n");
    EXPECT_THAT(run_report_json(run.read()), HasSubstr("\"verdict\":\"" + verdict + "\""));
    run.write("run.yaml", "verdict: [1\n");
    EXPECT_THAT(run_report_text(run.read()), Not(HasSubstr("verdict")));
}

TEST(RunReport, ShowsTheUnitsWithTheLargestErrorsFirst) {
    RunFolder run(four_trials());
    const std::string text = run_report_text(run.read());
    EXPECT_LT(text.find("  /1/gemm"), text.find("  /0/conv"));
    EXPECT_THAT(text, HasSubstr("0.25  6.0 dB  1.000000\n"));
}

TEST(RunReport, LeavesOutWhatARunHasNotReached) {
    RunFolder run({journal::sample_header()});
    const std::string text = run_report_text(run.read());
    EXPECT_THAT(text, HasSubstr("trials     0\ndelivered  nothing yet\n"));
    EXPECT_THAT(text, Not(HasSubstr("goal")));
    EXPECT_THAT(run_report_json(run.read()),
                HasSubstr(R"("state":"stopped","reason":null,"goal":{"limit":null,"met":null},"baseline":null,)"
                          R"("trials":[],"delivered":null,"units":[]})"));
}

TEST(RunReport, IsOneJsonObject) {
    std::vector<journal::Record> records = four_trials();
    records.emplace_back(journal::End{.reason = "goal_met", .trials = 4, .best = 1, .goal_met = true});
    RunFolder run(records);
    const std::string json = run_report_json(run.read());
    EXPECT_THAT(json, HasSubstr(R"("state":"ended","reason":"goal_met")"));
    EXPECT_THAT(json,
                HasSubstr(R"({"trial":1,"stage":"model_wise","verdict":"pass","accuracy":0.93,"samples":10000})"));
    EXPECT_THAT(json, HasSubstr(R"({"trial":2,"stage":"model_wise","verdict":"error","accuracy":null,"samples":0})"));
    EXPECT_THAT(json, HasSubstr(R"("bounds":[0.88,0.921],"samples":1000})"));
    EXPECT_THAT(json, HasSubstr(R"("delivered":1,"units":[{"unit":"/1/gemm","relative":0.25,)"));
}

}  // namespace
}  // namespace halftone::study
