#pragma once
// How hard each sample is for the fp32 model: the order in which a failing candidate shows soonest.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace halftone {

/// Returns one character for each sample: '0' where the margin is negative, that is, fp32 is wrong; else '1' to 'z',
/// which says in which of 61 equal parts of the right answers, ordered by margin, the sample lies. Small margins come
/// first.
[[nodiscard]] std::string difficulty_text(std::span<const float> margins);

/// Returns the sample numbers, hardest first. Samples that are equally hard keep their order.
[[nodiscard]] std::vector<std::int64_t> hardest_first(const std::string& difficulty);

}  // namespace halftone
