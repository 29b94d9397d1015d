#pragma once
// JournalHistory: the records of a run's earlier sessions, sorted by kind.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "journal/format.hpp"
#include "space/candidate.hpp"

namespace halftone::tune {

struct JournalHistory {
    std::map<std::int64_t, journal::Trial> trials;  ///< by trial number, as in the next two maps
    std::map<std::int64_t, journal::Partial> partials;
    std::map<std::int64_t, journal::Completion> completions;
    std::map<std::int64_t, journal::Sensitivity> probes;  ///< by probe number
    std::optional<journal::Baseline> baseline;
    std::optional<journal::Difficulty> difficulty;
    std::optional<journal::Judgements> judgements;
    std::optional<journal::LatencyTable> latency;
    std::optional<journal::Finalists> finalists;
    std::optional<journal::End> end;
    double elapsed_s = 0;  ///< of all earlier sessions, as the last trial or end record says
};

/// Returns the records, sorted by kind. Of several records about the same thing, the last one counts.
/// @throws IoError when trials have gaps
[[nodiscard]] JournalHistory sort_records(const std::vector<journal::Record>& records);

/// Checks that this run asks for the candidate that the journal names. A strategy of another version may ask for
/// something else; its journal cannot be continued.
/// @param what  the record, for the message: "trial 3"
/// @throws ConfigError naming both candidates
void require_same_candidate(const std::string& what, const Candidate& candidate, const std::string& journalled_hash);

}  // namespace halftone::tune
