#pragma once
// Converts between results of a search and the journal's records.

#include "journal/format.hpp"
#include "space/search_space.hpp"
#include "trial/probe.hpp"
#include "tune/dispatcher.hpp"

namespace halftone::tune {

/// Returns the record of one candidate of a finished job. If it has fewer payloads than shards, the trial ended early,
/// and the record has bounds instead of an accuracy.
[[nodiscard]] journal::TrialResult to_record(const FinishedJob& job, const FinishedPart& part,
                                             const Evaluator& evaluator);

[[nodiscard]] journal::Judgements to_record(const Judgements& judgements);
[[nodiscard]] Judgements to_judgements(const journal::Judgements& record);

/// Returns the record of a probe, without its number and stage. Unit names come from the space.
[[nodiscard]] journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result,
                                             const SearchSpace& space);
[[nodiscard]] ProbeResult to_probe_result(const journal::Sensitivity& record);

}  // namespace halftone::tune
