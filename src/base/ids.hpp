#pragma once
// Typed indices that cannot be swapped: tell(RankId, TrialId) does not take them the other way round.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace halftone {

template <class Tag>
struct Id {
    std::int64_t value = -1;  ///< -1 = none

    [[nodiscard]] constexpr bool is_valid() const { return value >= 0; }
    [[nodiscard]] constexpr std::size_t index() const { return static_cast<std::size_t>(value); }
    friend constexpr auto operator<=>(Id, Id) = default;
};

template <class IdType>
constexpr IdType make_id(std::size_t index) {
    return IdType{static_cast<std::int64_t>(index)};
}

using TrialId = Id<struct TrialTag>;
using RankId = Id<struct RankTag>;

}  // namespace halftone

template <class Tag>
struct std::hash<halftone::Id<Tag>> {
    std::size_t operator()(halftone::Id<Tag> id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
