#pragma once
// Between the words of a search and the journal's records.

#include "journal/format.hpp"
#include "space/search_space.hpp"
#include "trial/latency_table.hpp"
#include "trial/probe.hpp"
#include "trial/trial.hpp"
#include "tune/dispatcher.hpp"

namespace halftone::tune {

[[nodiscard]] Score to_score(const journal::Result& record);
[[nodiscard]] Outcome to_outcome(const journal::Result& record);
/// Of one candidate of a finished job. `bounds`: it ended early, with these.
[[nodiscard]] journal::Result to_record(const FinishedJob& job, const FinishedPart& part, const Evaluator& evaluator,
                                        const std::optional<AccuracyBounds>& bounds);

[[nodiscard]] journal::LatencyTable to_record(const LatencyTable& table);
/// @throws ConfigError when the record is not of this space
[[nodiscard]] LatencyTable to_table(const journal::LatencyTable& record, const SearchSpace& space);

[[nodiscard]] journal::Choice to_choice(const Candidate& candidate);
/// Unit names come from the space.
[[nodiscard]] journal::Sensitivity to_record(const ProbeRequest& request, const ProbeResult& result,
                                             const SearchSpace& space);
[[nodiscard]] ProbeResult to_result(const journal::Sensitivity& record);

}  // namespace halftone::tune
