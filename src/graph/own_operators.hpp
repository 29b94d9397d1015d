#pragma once
// Operators that no file has: the executor makes nodes of them for steps of its own. A file that names one is refused.

#include <algorithm>
#include <array>
#include <string_view>

namespace halftone {

inline constexpr std::array<std::string_view, 4> kOwnOperators{"TableLookup", "ScaledMatMulInteger", "BlockMatMul",
                                                               "ScaledAttention"};

[[nodiscard]] constexpr bool is_own_operator(std::string_view op) {
    return std::find(kOwnOperators.begin(), kOwnOperators.end(), op) != kOwnOperators.end();
}

}  // namespace halftone
