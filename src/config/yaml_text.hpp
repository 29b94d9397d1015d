#pragma once
// Private to this room. Checks the characters of a YAML text before yaml-cpp reads it.

#include <cstddef>
#include <string>
#include <string_view>

namespace halftone::config_detail {

/// Refuses what yaml-cpp would ignore without a message: control characters (its reader stops at 0x04), broken UTF-8,
/// and tabs in the indentation.
/// @return how many bytes were examined: for any text, a small multiple of its size
/// @throws ConfigError with the place in `file`
std::size_t check_yaml_text(std::string_view text, const std::string& file);

}  // namespace halftone::config_detail
