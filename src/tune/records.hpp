#pragma once
// Between the words of a search and the journal's records.

#include "journal/format.hpp"
#include "space/search_space.hpp"
#include "trial/probe.hpp"
#include "tune/dispatcher.hpp"

namespace halftone::tune {

/// Returns the record of one candidate of a finished job.
/// @param bounds  set if the trial ended early: what its accuracy can still become
[[nodiscard]] journal::TrialResult to_record(const FinishedJob& job, const FinishedPart& part,
                                             const Evaluator& evaluator, const std::optional<AccuracyBounds>& bounds);

/// Returns the record of a probe, without its number and stage. Unit names come from the space.
[[nodiscard]] journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result,
                                             const SearchSpace& space);
[[nodiscard]] ProbeResult to_probe_result(const journal::Sensitivity& record);

}  // namespace halftone::tune
