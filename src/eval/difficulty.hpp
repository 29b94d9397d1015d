#pragma once
// How hard each sample is for the fp32 model: the order in which a failing candidate shows soonest.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace halftone {

/// One character a sample: '0' where the margin is negative (fp32 is wrong), else '1' to 'z' by which sixtieth of the
/// right answers' margins it falls into, small margins first.
[[nodiscard]] std::string difficulty_text(std::span<const float> margins);

/// Sample numbers, hardest first; equally hard ones keep their order.
[[nodiscard]] std::vector<std::int64_t> hardest_first(const std::string& difficulty);

}  // namespace halftone
