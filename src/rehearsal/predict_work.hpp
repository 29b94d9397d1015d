#pragma once
// From the times of one batch and the number of trials to the time of a whole run.

#include <cstdint>

#include "rehearsal/rehearsal.hpp"
#include "rehearsal/strategy_talk.hpp"

namespace halftone {

/// What a run has to do.
struct RunSize {
    std::int64_t calibration_samples = 0;
    std::int64_t calibrations = 1;        ///< sizes of the calibration set: each has ranges of its own
    std::int64_t evaluation_samples = 0;  ///< 0: nothing is evaluated
    std::int64_t workers = 1;             ///< ranks that evaluate
    std::int64_t max_trials = 100;
    bool early_termination = true;
    double timeout_s = 0;  ///< 0: the first passing trial ends the run
};

/// What the strategy asks for in three worlds: every candidate passes; those with some units in high precision do; none
/// does.
struct StrategyTalks {
    TalkCount all_pass = {}, some_pass = {}, none_passes = {};
};

/// Returns trials, probes and times of the run. Where the first samples say that the goal is within reach, the range of
/// the whole run and the expected time are those of the world in which every candidate passes. Where they say that it
/// is not, the range reaches to the world in which none does, and the expected time is that of the world between.
[[nodiscard]] WorkFacts predict_work(const MeasuredWork& measured, const RunSize& size, const StrategyTalks& talks);

}  // namespace halftone
