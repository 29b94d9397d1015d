// Time left from results that came in time, added up by hand.
#include "tune/pace.hpp"

#include <gtest/gtest.h>

namespace halftone::tune {
namespace {

using std::chrono::seconds;

/// Finalists and fp32 are timed in the end.
constexpr double kEnd = 2;

TEST(Pace, ATrialTakesAsLongAsTheBaselineUntilOneIsTold) {
    Pace pace(seconds(100), 30);
    EXPECT_EQ(pace.seconds_left({.trials = 2}, seconds(100)), 60 + kEnd);
    pace.note_trial(seconds(110));
    EXPECT_EQ(pace.seconds_left({.trials = 2}, seconds(110)), 20 + kEnd);
    pace.note_trial(seconds(130));
    EXPECT_EQ(pace.seconds_left({.trials = 2}, seconds(130)), 30 + kEnd) << "the mean of both";
}

TEST(Pace, ProbesHaveAPaceOfTheirOwn) {
    Pace pace(seconds(0), 30);
    EXPECT_FALSE(pace.seconds_left({.probes = 4, .trials = 1}, seconds(0))) << "nobody knows yet how long one takes";
    pace.note_probe(seconds(2));
    EXPECT_EQ(pace.seconds_left({.probes = 3, .trials = 1}, seconds(2)), 3 * 2 + 30 + kEnd);
    pace.note_trial(seconds(12));
    EXPECT_EQ(pace.seconds_left({.probes = 3, .trials = 1}, seconds(12)), 3 * 2 + 10 + kEnd);
}

TEST(Pace, WhatIsBeingWorkedOnCountsFromTheLastResult) {
    Pace pace(seconds(0), 30);
    EXPECT_EQ(pace.seconds_left({.trials = 2}, seconds(10)), 50 + kEnd);
    EXPECT_EQ(pace.seconds_left({.trials = 2}, seconds(45)), 30 + kEnd) << "late, and not over: no time is left of it";
    EXPECT_EQ(pace.seconds_left({}, seconds(45)), kEnd);
}

}  // namespace
}  // namespace halftone::tune
