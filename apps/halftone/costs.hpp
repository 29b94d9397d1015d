#pragma once
// What an objective looks at, measured on this rank: times of finalists, bytes of files and sessions.

#include <vector>

#include "eval/latency.hpp"
#include "setup.hpp"
#include "tune/tuner.hpp"

namespace halftone::app {

/// Of graphs, in interleaved rounds at batch 1, on the first evaluation (else calibration) sample, on this rank.
[[nodiscard]] std::vector<Latency> time_graphs(const Workbench& bench, const std::vector<Graph>& graphs);
[[nodiscard]] std::vector<tune::Timing> time_candidates(Workbench& bench, const std::vector<Candidate>& candidates);

/// Bytes of the exported file.
[[nodiscard]] std::int64_t exported_bytes(const Graph& graph);

/// Bytes of the exported file and of a session (weights, arena, scratch memory) at batch 1; null: the fp32 model.
[[nodiscard]] tune::Costs measure_bytes(Workbench& bench, const Candidate* candidate);

}  // namespace halftone::app
