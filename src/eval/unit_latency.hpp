#pragma once
// Measures the latency table of a search: each unit in each dtype, and the conversions at borders between dtypes.

#include "eval/candidate_factory.hpp"
#include "exec/prepared_model.hpp"
#include "space/search_space.hpp"
#include "trial/latency_table.hpp"

namespace halftone {

struct UnitLatencyOptions {
    int rounds = 31;  ///< profiled runs of each session, interleaved; times are medians over them
};

/// Profiles the model at batch 1 with all units in one dtype, for each dtype that the space has, and with every other
/// unit quantized, where borders show. A border that no such session has is scaled from the others by its elements.
/// @pre the factory's calibration is installed
[[nodiscard]] LatencyTable measure_latency_table(CandidateFactory& factory, const PreparedModel& model,
                                                 const SearchSpace& space, const UnitLatencyOptions& options = {});

}  // namespace halftone
