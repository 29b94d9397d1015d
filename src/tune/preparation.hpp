#pragma once
// The first phase of a run: calibration and the fp32 model's accuracy.

#include "tune/run_context.hpp"
#include "tune/stop_conditions.hpp"

namespace halftone::tune {

/// Runs the fp32 jobs to their end. The calibration always runs, because its statistics are not journaled. The baseline
/// is taken from the journal if it is there; else it is evaluated, journaled and put into run.history, with the
/// difficulty of the samples. Without evaluation data there is no baseline. Returns false, and interrupts `stop`, when
/// the user asked to stop before the end.
/// @throws ModelError when the fp32 model cannot run
[[nodiscard]] bool prepare(const RunContext& run, StopConditions& stop);

}  // namespace halftone::tune
