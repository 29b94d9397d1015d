// Time left from results that came in time, added up by hand.
#include "tune/pace.hpp"

#include <gtest/gtest.h>

namespace halftone::tune {
namespace {

using std::chrono::seconds;

/// In the end 0.2 s for files, and four sessions with five runs and then 15 rounds of 20 ms each.
constexpr double kEnd = 0.2 + 4 * (15 * 0.02);
constexpr double kEndOf20MsRuns = 0.2 + 4 * (15 * 0.02 + 5 * 0.02);

const FirstGuess kFp32Of30s{.fp32_s = 30};

/// So many trials, all units of all of them in 8 bits.
Outlook quantized(std::int64_t trials, std::int64_t probes = 0) {
    return {.probes = probes, .trials = trials, .quantized = static_cast<double>(trials)};
}

TEST(Pace, ATrialTakesAsLongAsTheBaselineUntilOneIsTold) {
    Pace pace(seconds(100), kFp32Of30s);
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(100)), 60 + kEnd);
    pace.note_trial(seconds(110), 1);
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(110)), 20 + kEnd);
    pace.note_trial(seconds(130), 1);
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(130)), 30 + kEnd) << "the mean of both";
}

TEST(Pace, TheTableSaysHowMuchQuickerEightBitsAre) {
    const Pace pace(seconds(0), {.fp32_s = 30, .quantized_ratio = 0.5});
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(0)), 2 * 15 + kEnd);
    EXPECT_EQ(pace.seconds_left({.trials = 1}, seconds(0)), 30 + kEnd) << "a trial of fp32";
    EXPECT_EQ(pace.seconds_left({.trials = 2, .quantized = 1.5}, seconds(0)), 15 + 22.5 + kEnd)
        << "one with all units in 8 bits and one with half of them";
}

TEST(Pace, WhatTrialsTookCountsMoreThanTheTable) {
    Pace pace(seconds(0), {.fp32_s = 30, .quantized_ratio = 1.5});
    pace.note_trial(seconds(20), 1);
    EXPECT_EQ(pace.seconds_left({.trials = 1}, seconds(20)), 30 + kEnd) << "fp32's time is known";
    EXPECT_EQ(pace.seconds_left({.trials = 1, .quantized = 0.5}, seconds(20)), 25 + kEnd);
    // Half of its units are in 8 bits, and it saves 4 s: the line of least squares is (10 + 2) / (1 + 0.25) s below
    // fp32's time at its end.
    pace.note_trial(seconds(46), 0.5);
    EXPECT_DOUBLE_EQ(*pace.seconds_left(quantized(1), seconds(46)), 30 - 12 / 1.25 + kEnd);
}

TEST(Pace, ATrialThatEndedEarlySaysNothingOfOthers) {
    Pace pace(seconds(0), kFp32Of30s);
    pace.note_short_trial(seconds(1));
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(1)), 30 + kEnd);
}

TEST(Pace, ProbesHaveAPaceOfTheirOwn) {
    Pace pace(seconds(0), kFp32Of30s);
    EXPECT_FALSE(pace.seconds_left(quantized(1, 4), seconds(0))) << "nobody knows yet how long one takes";
    pace.note_probe(seconds(2), 100, false);
    EXPECT_EQ(pace.seconds_left(quantized(1, 3), seconds(2)), 3 * 2 + 30 + kEnd);
    pace.note_trial(seconds(12), 1);
    EXPECT_EQ(pace.seconds_left(quantized(1, 3), seconds(12)), 3 * 2 + 10 + kEnd);
}

TEST(Pace, TheFirstProbeOfEachWorkerIsLonger) {
    Pace pace(seconds(0), {.fp32_s = 30, .workers = 2});
    pace.note_probe(seconds(10), 0, false);
    pace.note_probe(seconds(10), 0, false);
    EXPECT_EQ(pace.seconds_left({.probes = 4}, seconds(10)), 4 * 5 + kEnd);
    pace.note_probe(seconds(14), 0, false);
    pace.note_probe(seconds(14), 0, false);
    EXPECT_EQ(pace.seconds_left({.probes = 4}, seconds(14)), 4 * 2 + kEnd);
}

TEST(Pace, ProbesWithAPreparationTakeLonger) {
    Pace pace(seconds(0), {.fp32_s = 30, .samples = 1000});
    pace.note_probe(seconds(9), 100, false);
    pace.note_probe(seconds(10), 100, false);
    const Outlook prepared{.probes = 3, .prepared_probes = 2};
    EXPECT_EQ(pace.seconds_left(prepared, seconds(10)), 1 + 2 * (1 + 3) + kEnd)
        << "until one is told, each runs the fp32 model once more on its samples, a tenth of all";
    pace.note_probe(seconds(17), 100, true);
    EXPECT_EQ(pace.seconds_left(prepared, seconds(17)), 1 + 2 * 7 + kEnd) << "then it is known";
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(17)), 10 + kEnd) << "of trials the plain ones say more";
}

TEST(Pace, WherePreparationsAreAllThatIsProbedTheySayAll) {
    Pace pace(seconds(0), {.fp32_s = 30, .samples = 1000});
    pace.note_probe(seconds(9), 100, true);
    pace.note_probe(seconds(11), 100, true);
    EXPECT_EQ(pace.seconds_left({.probes = 3, .prepared_probes = 3}, seconds(11)), 3 * 2 + kEnd);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(11)), 20 + kEnd);
}

TEST(Pace, ATrialTakesNoLongerThanAProbeSampleForSample) {
    // Of 30 s of fp32, the model runs for 1000 * 20 ms; 10 s are spent on samples whatever the model is.
    const FirstGuess guess{.fp32_s = 30, .quantized_ratio = 0.9, .run_s = 0.02, .samples = 1000};
    Pace pace(seconds(0), guess);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(0)), 28 + kEndOf20MsRuns);
    pace.note_probe(seconds(8), 100, false);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(8)), 28 + kEndOf20MsRuns)
        << "the first probe says nothing of trials";
    pace.note_probe(seconds(9), 100, false);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(9)), 10 + 10 + kEndOf20MsRuns);
    pace.note_probe(seconds(12), 100, false);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(12)), 20 + kEndOf20MsRuns) << "another had more to build";
    pace.note_probe(seconds(15), 0, false);
    EXPECT_EQ(pace.seconds_left(quantized(1), seconds(15)), 28 + kEndOf20MsRuns)
        << "a probe that failed says nothing, either";
}

TEST(Pace, WhatIsBeingWorkedOnCountsFromTheLastResult) {
    const Pace pace(seconds(0), kFp32Of30s);
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(10)), 50 + kEnd);
    EXPECT_EQ(pace.seconds_left(quantized(2), seconds(45)), 30 + kEnd) << "late, and not over: no time is left of it";
    EXPECT_EQ(pace.seconds_left({}, seconds(45)), kEnd);
}

TEST(Pace, ModelsThatTakeLongAreTimedForLongInTheEnd) {
    const Pace pace(seconds(0), {.fp32_s = 30, .run_s = 2});
    EXPECT_EQ(pace.seconds_left({}, seconds(0)), 0.2 + 4 * (15 * 2 + 5 * 2.0));
}

}  // namespace
}  // namespace halftone::tune
