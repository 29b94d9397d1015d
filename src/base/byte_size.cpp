#include "base/byte_size.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace halftone {
namespace {

constexpr std::string_view kPowers = "KMGT";

/// Returns by how many bits a suffix shifts its number, or nothing if it is no suffix.
std::optional<unsigned> shift_of(std::string_view suffix) {
    if (suffix.empty()) return 0;
    const std::size_t power = kPowers.find(suffix[0]);
    if (power == std::string_view::npos) return std::nullopt;
    const std::string_view rest = suffix.substr(1);
    // No "GB": it would have to mean 10^9, and half of its writers mean 2^30.
    if (!rest.empty() && rest != "iB") return std::nullopt;
    return 10 * static_cast<unsigned>(power + 1);
}

}  // namespace

std::optional<std::int64_t> parse_byte_size(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto shift = shift_of({end, static_cast<std::size_t>(text.data() + text.size() - end)});
    if (error != std::errc() || value < 1 || !shift) return std::nullopt;
    // Shifting the limit instead of the value cannot overflow.
    if (value > (std::numeric_limits<std::int64_t>::max() >> *shift)) return std::nullopt;
    return value << *shift;
}

std::string byte_size_text(std::uint64_t bytes) {
    constexpr std::array<const char*, 7> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    if (unit == 0) return fmt::format("{} bytes", bytes);
    const std::string text = fmt::format("{:.1f}", value);
    // "38.0 GiB" would claim a precision that nobody asked for.
    return fmt::format("{} {}", text.ends_with(".0") ? text.substr(0, text.size() - 2) : text, kUnits[unit]);
}

}  // namespace halftone
