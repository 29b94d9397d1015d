#pragma once
// Times of a session: whole runs, and in between runs whose steps are timed one by one. Measured, not reproducible.

#include <cstdint>
#include <vector>

#include "eval/bench_model.hpp"
#include "exec/session.hpp"

namespace halftone {

struct StepProfile {
    std::vector<double> runs_ms;                ///< one value for each whole run
    std::vector<std::vector<double>> steps_ns;  ///< by step: nanoseconds of each profiled run
};

/// Returns the median time of each step in ms. Other work on the machine makes single runs much slower, which a mean
/// would keep.
[[nodiscard]] std::vector<double> median_step_ms(const StepProfile& profile);

/// Runs the session a few times without measuring: the first runs pay for page faults and empty caches.
void warm_up(Session& session);

/// Adds one round to the profile: whole runs for about 0.1 s, then one profiled run. Both are in every round, so that a
/// slow phase of the machine hits both alike.
void measure_round(Session& session, StepProfile& profile);

/// Returns the median time in ms from a graph to a session that can run, over candidates that each change one unit.
/// They share their memory, as those of a search do. @pre model.has_candidates()
[[nodiscard]] double candidate_set_up_ms(BenchModel& model, CompileOptions compile);

/// Returns the sample below which `share` (0 to 1) of all samples lie. @pre samples is not empty
[[nodiscard]] double percentile_of(std::vector<double> samples, double share);

}  // namespace halftone
