#pragma once
// Numbers of bytes as people write and read them: "512M", "16 GiB".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace halftone {

/// Returns the number of bytes that a text stands for: "1000000", or a whole number with one of the suffixes K, M, G,
/// T, KiB, MiB, GiB, TiB, which all count in powers of 1024. Returns nothing for zero, for any other text, and where
/// the number is above 2^63 - 1.
[[nodiscard]] std::optional<std::int64_t> parse_byte_size(std::string_view text);

/// Returns a number of bytes in the largest unit that makes it at least 1, with one decimal where it is not whole:
/// "1023 bytes", "1.5 KiB", "38 GiB".
[[nodiscard]] std::string byte_size_text(std::uint64_t bytes);

}  // namespace halftone
