#pragma once
// Other quantized options of the most sensitive units. They lower the error at no cost of latency, so they are tried
// before any unit falls back to high precision.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "strategy/fallback.hpp"
#include "strategy/output_errors.hpp"

namespace halftone {

/// Returns the moves of sensitive units to their other quantized options.
/// @param ranked   fallbacks of units, the most sensitive unit first
/// @param errors  the output's error when each of these units alone falls back
/// @param most  number of units that are considered. A unit counts as sensitive if its fallback removes at least 2 % of
/// the base's error.
[[nodiscard]] std::vector<FallbackMove> other_options(const SearchSpace& space, const ProbedCandidate& base,
                                                      const std::vector<FallbackMove>& ranked,
                                                      const std::vector<double>& errors, std::int64_t most);

/// Returns the base with the best option of each unit, all together; nothing if no option alone improves on the base.
/// @param errors  the output's error with each of the moves alone
[[nodiscard]] std::optional<Candidate> combine_best_options(const SearchSpace& space, const ProbedCandidate& base,
                                                            const std::vector<FallbackMove>& moves,
                                                            const std::vector<double>& errors);

}  // namespace halftone
