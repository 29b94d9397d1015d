#pragma once
// One table per enum, so that printing, parsing and the list of allowed words always agree.
//   inline constexpr EnumNames<Color, 2> kColorNames{{{{Color::red, "red"}, {Color::blue, "blue"}}}};

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace halftone {

template <class Enum, std::size_t N>
struct EnumNames {
    std::array<std::pair<Enum, std::string_view>, N> rows;

    [[nodiscard]] constexpr std::string_view name(Enum value) const {
        for (const auto& [v, n] : rows) {
            if (v == value) return n;
        }
        return "?";
    }
    [[nodiscard]] constexpr std::optional<Enum> parse(std::string_view text) const {
        for (const auto& [v, n] : rows) {
            if (n == text) return v;
        }
        return std::nullopt;
    }
    /// "a b c", for messages.
    [[nodiscard]] std::string allowed() const {
        std::string out;
        for (const auto& [v, n] : rows) {
            if (!out.empty()) out += ' ';
            out += n;
        }
        return out;
    }
};

}  // namespace halftone
