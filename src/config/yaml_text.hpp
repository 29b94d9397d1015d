#pragma once
// Private to this room. What a YAML text may consist of, checked before yaml-cpp sees it.

#include <cstddef>
#include <string>
#include <string_view>

namespace halftone::config_detail {

/// Refuses what yaml-cpp would pass over in silence: control characters (its reader stops at 0x04), broken UTF-8, and
/// tabs in the indentation; also texts of more than 1 MiB.
/// @return how many bytes were looked at, a small multiple of the text's size whatever the text is
/// @throws ConfigError with the place in `file`
std::size_t check_yaml_text(std::string_view text, const std::string& file);

}  // namespace halftone::config_detail
