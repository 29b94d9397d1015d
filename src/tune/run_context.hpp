#pragma once
// RunContext: the objects that the parts of one run share on rank 0. The coordinator makes it; the parts only read it.

#include <chrono>

#include "tune/dispatcher.hpp"
#include "tune/journal_history.hpp"
#include "tune/tuner.hpp"

namespace halftone::tune {

/// Everything here outlives the parts.
struct RunContext {
    const RunSettings& settings;
    RunServices& services;
    Listener& listener;
    Evaluator& evaluator;  ///< of this rank
    Dispatcher& dispatcher;
    JournalHistory& history;  ///< records of earlier sessions; the preparation adds the baseline of this one
};

/// How long a step waits for an answer before the loop reads the stop flag and the clock again. A user who presses
/// Ctrl-C does not notice 50 ms, and twenty wake-ups a second cost nothing.
inline constexpr std::chrono::milliseconds kStepWait{50};

}  // namespace halftone::tune
