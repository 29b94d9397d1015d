#pragma once
// Names from a model file: they end up in JSON, YAML and on terminals, so they must be printable UTF-8.

#include <string>

namespace halftone {

/// Returns `text`. @throws ModelError naming `owner` if it is not valid UTF-8 or holds control characters
const std::string& check_text(const std::string& text, const std::string& owner);

}  // namespace halftone
