#pragma once
// Model-wise candidates: one combination of scheme, granularity and algorithm, applied to every unit that supports it.

#include <vector>

#include "space/search_space.hpp"

namespace halftone {

/// Returns the candidates without duplicates (by effective hash), in a fixed order: calibration sizes slowest, then the
/// combinations in the order in which units first offer them; options that keep the parameters of the model's file
/// (`is_given`) come before all others, so the first candidate keeps all of these. A unit that does not offer the
/// combination takes its first quantized option; a unit without quantized options takes its first option. With
/// `product` each op type has its own combination, as in LPOT, and more uniform candidates (fewer different
/// combinations) come first. A space without any quantized option gives one candidate: the first option of every unit.
/// @throws ConfigError when the product has more than 65536 combinations
[[nodiscard]] std::vector<Candidate> model_wise_candidates(const SearchSpace& space, ModelWise mode);

}  // namespace halftone
