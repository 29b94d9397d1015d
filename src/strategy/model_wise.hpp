#pragma once
// Model-wise candidates: one choice of scheme, granularity and algorithm applied to every unit that supports it.

#include <vector>

#include "space/search_space.hpp"

namespace halftone {

/// In a fixed order without duplicates (effective hash): calibration sizes slowest, then the combinations in the order
/// in which units first offer them. A unit without the combination takes its first quantized option, a unit without any
/// takes its first option. `product`: LPOT's product over op types, more uniform ones (fewer different choices) first.
/// A space without any quantized option gives one candidate: the first options.
/// @throws ConfigError when the product has more than 65536 combinations
[[nodiscard]] std::vector<Candidate> model_wise_candidates(const SearchSpace& space, ModelWise mode);

}  // namespace halftone
