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
