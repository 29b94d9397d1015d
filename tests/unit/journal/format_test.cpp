#include "journal/format.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "base/hash.hpp"
#include "support/journal_records.hpp"

namespace halftone::journal {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// `members`, wrapped and with a right crc.
std::string line_of(const std::string& members) {
    const std::string checked = "{" + members;
    return fmt::format("{},\"crc\":\"{:08x}\"}}", checked, crc32c(checked));
}

std::string refusal(std::string_view line) {
    const auto parsed = parse_line(line);
    return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : "(accepted)";
}

TEST(Format, EveryRecordTypeReadsBackAsItWas) {
    for (const Record& record : sample_run()) {
        const std::string line = to_line(record);
        const auto parsed = parse_line(line);
        ASSERT_TRUE(std::holds_alternative<Record>(parsed)) << line << '\n' << refusal(line);
        EXPECT_EQ(std::get<Record>(parsed), record) << line;
        EXPECT_EQ(to_line(std::get<Record>(parsed)), line);
    }
}

// PROVENANCE of the three crc values: a bit-by-bit CRC-32C in Python over the text before `,"crc"`, checked with
// "123456789" -> e3069283. The key order is the interface's (section Workspace).
TEST(Format, AHeaderLineHasTheDocumentedKeysInOrder) {
    EXPECT_EQ(
        to_line(sample_header()),
        R"({"type":"header","format":2,"version":"0.1.0","strategy":"basic","seed":9527,"isa":"avx512_core_vnni",)"
        R"("config":"51c09a3be27f0d14","model":"9be2d1f0a7c34e58","data":"0c1d2e3f4a5b6c7d",)"
        R"("space":"8f7e6d5c4b3a2918","crc":"cd6a0769"})");
}

TEST(Format, ATrialLineHasTheDocumentedKeysInOrder) {
    EXPECT_EQ(to_line(sample_run()[3]),
              R"({"type":"trial","trial":0,"candidate":"9f3c61d2a0b7e845","stage":"model_wise",)"
              R"("changed":[{"unit":"/0/conv","to":"fp32"}],"verdict":"fail","accuracy":0.9166,"correct":9166,)"
              R"("samples":10000,"sample_units":220000,"wall_s":2.4,"worker":1,"elapsed_ms":8412,"crc":"acb55399"})");
}

TEST(Format, AnEndLineHasTheDocumentedKeysInOrder) {
    EXPECT_EQ(to_line(sample_run()[6]), R"({"type":"end","reason":"max_trials","trials":2,"best":0,"goal_met":false,)"
                                        R"("sample_units":660000,"elapsed_ms":9050,"crc":"f39cc6ff"})");
}

TEST(Format, OptionalKeysAreLeftOut) {
    Trial trial;
    trial.result.score.accuracy = 0.5;
    EXPECT_THAT(to_line(trial), Not(HasSubstr("correct")));
    EXPECT_THAT(to_line(trial), Not(HasSubstr("failure")));
    EXPECT_THAT(to_line(trial), HasSubstr("\"changed\":[]"));
}

TEST(Format, AChoiceReadsBackAndMayBeMissing) {
    Trial trial;
    trial.result.score.accuracy = 0.5;
    EXPECT_THAT(to_line(trial), Not(HasSubstr("choice"))) << "as earlier versions wrote it";
    trial.options = {.calibration = 1, .by_unit = {0, 4, 2}};
    EXPECT_THAT(to_line(trial), HasSubstr(R"("calibration":1,"choice":[0,4,2],"crc")"));
    EXPECT_EQ(std::get<Trial>(std::get<Record>(parse_line(to_line(trial)))), trial);
    Sensitivity sensitivity;
    sensitivity.options = trial.options;
    EXPECT_EQ(std::get<Sensitivity>(std::get<Record>(parse_line(to_line(sensitivity)))), sensitivity);
}

TEST(Format, AnOptionNumberAbove63BitsIsRefusedAndNotWrapped) {
    Trial trial;
    trial.result.score.accuracy = 0.5;
    trial.options = {.calibration = 1, .by_unit = {0, 4, 2}};
    std::string line = to_line(trial);
    line = line.substr(1, line.find(",\"crc\"") - 1);
    line.replace(line.find("[0,4,2]"), 7, "[0,18446744073709551615,2]");
    EXPECT_EQ(refusal(line_of(line)), "key 'choice' must be an integer of 64 bits");
}

TEST(Format, AFailedTrialHasAReasonAndNoAccuracy) {
    EXPECT_THAT(to_line(sample_run()[4]),
                HasSubstr(R"("verdict":"error","failure":"unit \"/0/conv\": scale is not finite","accuracy":null)"));
}

TEST(Format, AMetricThatIsNoNumberStaysNone) {
    Baseline baseline;
    baseline.result.score.accuracy = std::nan("");
    const auto parsed = parse_line(to_line(baseline));
    EXPECT_TRUE(std::isnan(std::get<Baseline>(std::get<Record>(parsed)).result.score.accuracy));
}

TEST(Format, APartialNeverHasAKeyTrial) {
    EXPECT_THAT(to_line(sample_run()[2]), StartsWith(R"({"type":"partial","of":1,)"));
    EXPECT_THAT(to_line(sample_run()[2]), Not(HasSubstr("\"trial\"")));
}

TEST(Format, TextIsEscapedIntoOneLineAndBytesThatAreNoUtf8AreReplaced) {
    Trial trial;
    trial.stage = "a\nb\"c\x01";
    trial.changed = {{"caf\xc3\xa9", "fp32"}};
    EXPECT_EQ(to_line(trial).find('\n'), std::string::npos);
    EXPECT_EQ(std::get<Trial>(std::get<Record>(parse_line(to_line(trial)))), trial);
    trial.stage = "\xff";
    EXPECT_EQ(std::get<Trial>(std::get<Record>(parse_line(to_line(trial)))).stage, "\xef\xbf\xbd");
}

TEST(Format, AccuraciesSurviveToTheLastBit) {
    for (const double accuracy : {1.0 / 3.0, 0.1 + 0.2, 5e-324, 0.93279999999999996, 1.0}) {
        const auto parsed = parse_line(to_line(Baseline{sample_result(accuracy, 0)}));
        EXPECT_EQ(std::get<Baseline>(std::get<Record>(parsed)).result.score.accuracy, accuracy);
    }
}

TEST(Format, RefusesALineWithoutCrc) {
    EXPECT_EQ(refusal(""), "the line does not end with its crc");
    EXPECT_EQ(refusal(R"({"type":"resume","trials":2,"ranks":3})"), "the line does not end with its crc");
}

TEST(Format, RefusesAWrongCrcNamingBoth) {
    std::string line = to_line(Resume{2, 3});
    line[line.find('2')] = '7';
    EXPECT_THAT(refusal(line), StartsWith("the crc does not fit: the line has "));
}

TEST(Format, RefusesWhatIsNotARecordEvenWithARightCrc) {
    EXPECT_EQ(refusal(line_of(R"("type":"resume","trials":)")), "the line is not JSON");
    EXPECT_EQ(refusal(line_of(R"("type":"poem")")), "record type 'poem' is unknown");
    EXPECT_EQ(refusal(line_of(R"("trials":2)")), "key 'type' is missing");
    EXPECT_EQ(refusal(line_of(R"("type":"resume","trials":2)")), "key 'ranks' is missing");
    EXPECT_EQ(refusal(line_of(R"("type":"resume","trials":"2","ranks":3)")),
              "key 'trials' must be an integer of 64 bits");
    EXPECT_EQ(refusal(line_of(R"("type":"resume","trials":2.5,"ranks":3)")),
              "key 'trials' must be an integer of 64 bits");
    EXPECT_EQ(refusal(line_of(R"("type":"resume","trials":9223372036854775808,"ranks":3)")),
              "key 'trials' must be an integer of 64 bits");
    EXPECT_EQ(refusal(line_of(R"("type":"trial","trial":0,"candidate":"0","stage":"s","changed":{})")),
              "key 'changed' must be a list");
    EXPECT_EQ(refusal(line_of(R"("type":"header","format":3)")),
              "journal format 3 is unknown; this program reads 1 to 2");
    EXPECT_EQ(refusal(line_of(R"("type":"header","format":0)")),
              "journal format 0 is unknown; this program reads 1 to 2");
}

TEST(Format, EveryKeyButTheOptionalOnesIsNeeded) {
    for (const Record& record : sample_run()) {
        const std::string line = to_line(record);
        const std::string members = line.substr(1, line.find(",\"crc\"") - 1);
        for (std::size_t at = members.find("\",\""); at != std::string::npos; at = members.find("\",\"", at + 1)) {
            const std::size_t key = at + 2;
            if (members.compare(key, 9, "\"correct\"") == 0 || members.compare(key, 9, "\"failure\"") == 0) continue;
            std::string renamed = members;
            renamed[key + 1] = '?';
            EXPECT_THAT(refusal(line_of(renamed)), HasSubstr("is missing")) << renamed;
        }
    }
}

// A line that version 0.1.0 wrote, with its own checksum.
TEST(Format, AHeaderOfFormat1IsStillRead) {
    const auto parsed = parse_line(
        R"({"type":"header","format":1,"version":"0.1.0","strategy":"basic","seed":9527,"isa":"avx512_core_vnni",)"
        R"("config":"51c09a3be27f0d14","model":"9be2d1f0a7c34e58","data":"0c1d2e3f4a5b6c7d",)"
        R"("space":"8f7e6d5c4b3a2918","crc":"e125d102"})");
    EXPECT_EQ(std::get<Record>(parsed), Record(sample_header()));
}

TEST(Format, MetricsAndLossStandUnderTheirDocumentedKeys) {
    Trial trial;
    trial.result = sample_result(0.9166, 1);
    trial.result.score.metrics = {{"topk", 0.9166}, {"MSE", std::nan("")}};
    trial.result.score.loss = ScoreLoss{.value = 0.0022, .ci95 = AccuracyBounds{0.001, 0.0034}};
    EXPECT_THAT(to_line(trial), HasSubstr(R"("correct":9166,"metrics":{"topk":0.9166,"MSE":null},)"
                                          R"("loss":0.0022,"loss_ci95":[0.001,0.0034],"samples":10000)"));
    trial.result.score.metrics.pop_back();
    EXPECT_EQ(std::get<Trial>(std::get<Record>(parse_line(to_line(trial)))), trial);
    trial.result.score.loss->ci95.reset();
    EXPECT_THAT(to_line(trial), Not(HasSubstr("loss_ci95")));
    EXPECT_EQ(std::get<Trial>(std::get<Record>(parse_line(to_line(trial)))), trial);
}

TEST(Format, JudgementsAreATextWhereSamplesAreRightOrWrongAndNumbersElse) {
    EXPECT_THAT(to_line(Judgements{"01-1", {}}), StartsWith(R"({"type":"judgements","right":"01-1","crc")"));
    const std::string line = to_line(Judgements{"", {0.25, std::nan(""), 1e-300}});
    EXPECT_THAT(line, StartsWith(R"({"type":"judgements","values":[0.25,null,1e-300],"crc")"));
    const auto parsed = std::get<Judgements>(std::get<Record>(parse_line(line)));
    EXPECT_EQ(parsed.values[0], 0.25);
    EXPECT_TRUE(std::isnan(parsed.values[1]));
}

TEST(Format, IgnoresKeysThatItDoesNotKnow) {
    const auto parsed = parse_line(line_of(R"("type":"resume","trials":2,"ranks":3,"later":[1,2])"));
    EXPECT_EQ(std::get<Record>(parsed), Record(Resume{2, 3}));
}

TEST(Format, ResultsThatNoRunCanHaveAreRefused) {
    const auto refusal_of = [](const std::function<void(Score&)>& change) {
        Baseline baseline{{.score = {.accuracy = 0.5, .correct = 5, .samples = 10}}};
        change(baseline.result.score);
        return refusal(to_line(baseline));
    };
    EXPECT_EQ(refusal_of([](Score&) {}), "(accepted)");
    EXPECT_EQ(refusal_of([](Score& s) { s.correct = 11; }), "key 'correct' is 11, of 10 samples");
    EXPECT_EQ(refusal_of([](Score& s) { s.correct = -1; }), "key 'correct' is -1, of 10 samples");
    EXPECT_THAT(refusal_of([](Score& s) { s.samples = -10; }), HasSubstr("negative"));
    EXPECT_THAT(refusal_of([](Score& s) { s.sample_units = -1; }), HasSubstr("negative"));
    EXPECT_THAT(refusal_of([](Score& s) { s.correct = s.samples = 0; }), HasSubstr("without samples"));
    EXPECT_THAT(refusal_of([](Score& s) { s.bounds = {0.9, 0.1}; }), HasSubstr("'bounds'"));
    EXPECT_EQ(refusal_of([](Score& s) { s.nonfinite.samples = 11; }), "key 'nonfinite' is 11, of 10 samples");
}

TEST(Format, SamplesWhoseOutputsAreNoNumbersStandInTheResult) {
    const Baseline baseline{
        {.score = {.accuracy = 0.5, .correct = 5, .samples = 10, .nonfinite = {.samples = 2, .first = {3, 7}}}}};
    const std::string line = to_line(baseline);
    EXPECT_THAT(line, HasSubstr(R"("samples":10,"nonfinite":2,"nonfinite_first":[3,7],"sample_units")"));
    EXPECT_EQ(std::get<Record>(parse_line(line)), Record(baseline));
}

}  // namespace
}  // namespace halftone::journal
