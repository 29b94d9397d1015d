// What earlier sessions left in the journal, sorted.
#include "tune/journal_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/journal_records.hpp"

namespace halftone {
namespace {

using testing::HasSubstr;

TEST(JournalHistory, KeepsEachKindOfRecord) {
    const tune::JournalHistory history = tune::sort_records(journal::sample_run());
    EXPECT_EQ(history.trials.size(), 2U);
    EXPECT_EQ(history.partials.at(1).candidate, "3d5a77e0c4b81f26");
    EXPECT_EQ(history.completions.at(1).result.score.accuracy, 0.9299);
    EXPECT_EQ(history.probes.at(0).kind, "unit_errors");
    EXPECT_TRUE(history.baseline && history.difficulty && history.latency && history.finalists && history.end);
}

TEST(JournalHistory, TheTimeIsThatOfTheLastTrialOrEnd) {
    std::vector<journal::Record> records{journal::Trial{.trial = 0, .elapsed_ms = 2500}};
    EXPECT_EQ(tune::sort_records(records).elapsed_s, 2.5);
    records.emplace_back(journal::End{.elapsed_ms = 4000});
    EXPECT_EQ(tune::sort_records(records).elapsed_s, 4.0);
    EXPECT_EQ(tune::sort_records({}).elapsed_s, 0.0);
}

TEST(JournalHistory, RefusesAGapBetweenTrials) {
    const std::vector<journal::Record> records{journal::Trial{.trial = 0}, journal::Trial{.trial = 2}};
    EXPECT_THROW((void)tune::sort_records(records), IoError);
}

TEST(JournalHistory, AnotherCandidateIsRefusedNamingBoth) {
    const Candidate candidate{.choice = {0}, .hash = 0x12};
    EXPECT_NO_THROW(tune::require_same_candidate("trial 3", candidate, "0000000000000012"));
    try {
        tune::require_same_candidate("trial 3", candidate, "0000000000000013");
        FAIL() << "no error";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("trial 3 is candidate 0000000000000013, this run would ask for "
                                            "0000000000000012"));
    }
}

}  // namespace
}  // namespace halftone
