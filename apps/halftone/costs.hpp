#pragma once
// What an objective looks at, measured on this rank: times of finalists, bytes of files and sessions.

#include <vector>

#include "setup.hpp"
#include "tune/tuner.hpp"

namespace halftone::app {

/// Medians of interleaved rounds at batch 1, on a sample of the data.
[[nodiscard]] std::vector<tune::Timing> time_candidates(Workbench& bench, const std::vector<Candidate>& candidates);

/// Bytes of the exported file and of a session (weights, arena, scratch memory) at batch 1; null: the fp32 model.
[[nodiscard]] tune::Costs measure_bytes(Workbench& bench, const Candidate* candidate);

}  // namespace halftone::app
