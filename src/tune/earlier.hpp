#pragma once
// What earlier sessions of a run left in its journal, sorted by what it is.

#include <map>
#include <optional>
#include <vector>

#include "journal/format.hpp"

namespace halftone::tune {

struct Earlier {
    std::map<std::int64_t, journal::Trial> trials;
    std::map<std::int64_t, journal::Partial> partials;
    std::map<std::int64_t, journal::Sensitivity> probes;
    std::map<std::int64_t, journal::Completion> completions;
    std::optional<journal::Baseline> baseline;
    std::optional<journal::Difficulty> difficulty;
    std::optional<journal::LatencyTable> latency;
    std::optional<journal::Finalists> finalists;
    std::optional<journal::End> end;
    double elapsed_s = 0;
};

/// @throws IoError when trials have gaps
[[nodiscard]] Earlier sort_records(const std::vector<journal::Record>& records);

}  // namespace halftone::tune
