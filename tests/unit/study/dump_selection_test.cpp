#include "study/dump_selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "run_folder.hpp"
#include "support/toy_space.hpp"

namespace halftone::study {
namespace {

using ::testing::HasSubstr;

/// Two units with two options each, and two calibration sizes.
const SearchSpace& selection_space() {
    static const SearchSpace space = test::uniform_space(2, {test::kMinmax, test::kKl}, {50, 100});
    return space;
}

/// A run of that space whose only trial recorded these numbers.
RunFolder run_of(std::int64_t calibration, const std::vector<std::int64_t>& options) {
    journal::Header header = journal::sample_header();
    header.space = hex16(selection_space().hash());
    journal::Trial trial;
    trial.verdict = "pass";
    trial.result.score.accuracy = 0.5;
    trial.options = {.calibration = calibration, .by_unit = options};
    return RunFolder({header, trial});
}

std::string refusal_of(std::int64_t calibration, const std::vector<std::int64_t>& options) {
    const RunFolder run = run_of(calibration, options);
    try {
        (void)candidate_of_trial(run.path() + ":0", selection_space());
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "found";
}

TEST(CandidateOfTrial, IsTheOneThatTheJournalRecorded) {
    const RunFolder run = run_of(1, {0, 1});
    EXPECT_EQ(candidate_of_trial(run.path() + ":0", selection_space()), selection_space().make(1, {0, 1}));
}

// The hash of the space is right, and the numbers are not: a journal with right checksums that somebody edited.
TEST(CandidateOfTrial, RefusesOptionsThatTheSpaceDoesNotHave) {
    const std::vector<std::vector<std::int64_t>> wrong{{0, 2}, {65536, 0}, {0, -1}, {0, INT64_MAX}, {0}, {0, 1, 0}};
    for (const auto& options : wrong) {
        EXPECT_THAT(refusal_of(0, options), HasSubstr("its record names options that the run does not have"));
    }
    for (const std::int64_t calibration : {std::int64_t{2}, std::int64_t{-1}, INT64_MAX}) {
        EXPECT_THAT(refusal_of(calibration, {0, 1}), HasSubstr("options that the run does not have")) << calibration;
    }
}

TEST(CandidateOfTrial, NeedsANumberAndATrial) {
    const RunFolder run = run_of(0, {0, 1});
    for (const std::string& text : {run.path(), run.path() + ":", run.path() + ":x", run.path() + ":1",
                                    run.path() + ":99999999999999999999", std::string(":0x")}) {
        EXPECT_THROW((void)candidate_of_trial(text, selection_space()), ConfigError) << text;
    }
}

}  // namespace
}  // namespace halftone::study
