#pragma once
// Small text helpers shared by messages and writers. No locale, no I/O.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace halftone {

[[nodiscard]] std::string_view trim(std::string_view text);
/// Returns the trimmed parts between separators; empty parts are kept ("a,,b" has 3 parts).
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);

/// Returns the candidate with the smallest edit distance to `word` (the first of equal ones), if the distance is small
/// enough for a typing error: at most 1, or at most a third of the longer word.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view word, std::span<const std::string> candidates);

/// Returns the shortest decimal text that reads back as the same float or double. It always has a '.', and an exponent
/// has a sign: "0.0235", "1.0e-05", "3.0". Infinity and NaN are YAML's ".inf", "-.inf", ".nan".
[[nodiscard]] std::string float_text(float value);
[[nodiscard]] std::string float_text(double value);

/// Returns the text with '?' for each control character but ends of lines and tabs. What a stranger's file holds must
/// neither move the cursor of a terminal nor change its colours.
[[nodiscard]] std::string printable(std::string_view text);

/// 16 lower-case hex digits.
[[nodiscard]] std::string hex16(std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> parse_hex16(std::string_view text);

/// Strict whole-text parse: no blanks, no trailing characters.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace halftone
