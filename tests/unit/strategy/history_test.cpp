#include "strategy/history.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

class Told : public ::testing::Test {
protected:
    SearchSpace space_ = uniform_space(1, {kMinmax, kKl, kFp32}, {100, 500});
    History history_;
};

TEST_F(Told, ACandidateIsKnownByItsEffect) {
    history_.add_asked(space_.make(0, {2}));
    EXPECT_TRUE(history_.was_asked(space_.make(1, {2}))) << "fp32 is fp32 whatever the calibration";
    EXPECT_FALSE(history_.was_asked(space_.make(0, {1})));
    EXPECT_THROW(history_.add_asked(space_.make(1, {2})), InternalError);
}

TEST_F(Told, ADuplicateReturnsItsOwnResult) {
    const TrialId first = history_.add_asked(space_.make(0, {2}));
    const TrialId second = history_.add_asked(space_.make(0, {0}));
    history_.add_told(first, score(0.9));
    history_.add_told(second, score(0.5));
    EXPECT_EQ(history_.accuracy(space_.make(1, {2})), 0.9) << "LPOT answers with the last trial's 0.5";
    EXPECT_EQ(history_.candidate(second), space_.make(0, {0}));
}

TEST_F(Told, WhatIsNotToldIsUnknown) {
    history_.add_asked(space_.at(0));
    EXPECT_EQ(history_.find(space_.at(0)), std::nullopt);
    EXPECT_EQ(history_.find(space_.at(1)), std::nullopt);
    EXPECT_EQ(history_.asked(), 1);
    EXPECT_EQ(history_.told(), 0);
}

TEST_F(Told, FailuresAndNanHaveNoAccuracy) {
    history_.add_told(history_.add_asked(space_.make(0, {0})), TrialFailure{"overflow"});
    history_.add_told(history_.add_asked(space_.make(0, {1})), score(std::numeric_limits<double>::quiet_NaN()));
    EXPECT_EQ(history_.accuracy(space_.make(0, {0})), std::nullopt);
    EXPECT_EQ(history_.accuracy(space_.make(0, {1})), std::nullopt);
    EXPECT_EQ(history_.find(space_.make(0, {0})), Outcome(TrialFailure{"overflow"}));
}

TEST_F(Told, OutcomesComeInTrialOrder) {
    history_.add_asked(space_.make(0, {0}));
    const TrialId second = history_.add_asked(space_.make(0, {1}));
    EXPECT_THROW(history_.add_told(second, score(0.5)), InternalError);
}

}  // namespace
}  // namespace halftone
