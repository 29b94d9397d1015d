#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace halftone {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours cost 1 each.
/// Source: the restricted Damerau-Levenshtein distance, by dynamic programming over the prefixes of both words.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);  // rows i - 1, i and i + 1 of the table
    std::vector<std::size_t> row(b.size() + 1);
    std::vector<std::size_t> next(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        next[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            next[j + 1] = std::min({row[j] + (a[i] == b[j] ? 0U : 1U), next[j] + 1, row[j + 1] + 1});
            // A swap looks two rows up. That is why three rows are kept.
            const bool is_swap = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if (is_swap) next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
        }
        std::swap(before, row);
        std::swap(row, next);
    }
    return row.back();
}

/// The fewest digits that read back as the same number, in a form that every YAML reader takes for a float.
template <class Float>
std::string shortest_text(Float value) {
    if (std::isnan(value)) return ".nan";
    if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    std::string text(buffer.data(), end);
    // to_chars writes "3" and "1e-05"; some YAML readers take both for something other than a float.
    if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
    return text;
}

/// Unlike strtol and strtod, from_chars knows no locale, skips no blanks and takes no "+": one spelling per number.
template <class Number, class... Format>
std::optional<Number> parse_whole(std::string_view text, Format... format) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, format...);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

}  // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto at = text.find(separator);
        parts.emplace_back(trim(text.substr(0, at)));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts.begin(), parts.end(), separator));
}

std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> candidates) {
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const std::string& candidate : candidates) {
        // A third of the longer word may be wrong, and always one letter. Beyond that a suggestion would only puzzle.
        // The first of equally near words wins, so that messages do not change from run to run.
        const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        const std::size_t distance = edit_distance(word, candidate);
        if (distance <= allowed && (best == nullptr || distance < best_distance)) {
            best = &candidate;
            best_distance = distance;
        }
    }
    if (best == nullptr) return std::nullopt;
    return *best;
}

std::string float_text(float value) { return shortest_text(value); }
std::string float_text(double value) { return shortest_text(value); }

std::string printable(std::string_view text) {
    constexpr unsigned char kFirstPrintable = 0x20;
    constexpr unsigned char kDelete = 0x7f;
    // U+0080 to U+009F are control characters too: terminals take U+009B for the beginning of a command.
    constexpr unsigned char kLeadOfControls = 0xc2;
    constexpr unsigned char kBehindControls = 0xa0;
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : ' ');
        const bool is_pair = byte == kLeadOfControls && next >= 0x80 && next < kBehindControls;
        const bool is_control = (byte < kFirstPrintable && text[i] != '\n' && text[i] != '\t') || byte == kDelete;
        result += is_pair || is_control ? '?' : text[i];
        if (is_pair) ++i;
    }
    return result;
}

std::string hex16(std::uint64_t value) { return fmt::format("{:016x}", value); }

std::optional<std::uint64_t> parse_hex16(std::string_view text) {
    // from_chars also takes upper case, which hex16 never writes: one spelling per value.
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (text.size() != 16 || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    return parse_whole<std::uint64_t>(text, 16);
}

std::optional<std::int64_t> parse_int(std::string_view text) { return parse_whole<std::int64_t>(text, 10); }

std::optional<double> parse_double(std::string_view text) {
    const auto value = parse_whole<double>(text, std::chars_format::general);
    if (!value || !std::isfinite(*value)) return std::nullopt;  // from_chars takes "inf" and "nan"
    return value;
}

}  // namespace halftone
