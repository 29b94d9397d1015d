#pragma once
// The files of scripts/import as part of the program, so that an installed program finds them.

#include <span>
#include <string_view>

namespace halftone {

struct ImportScript {
    std::string_view name;  ///< "convert.py" is the one to start
    std::string_view text;
};

/// Returns all files of scripts/import, as they were when the program was built.
[[nodiscard]] std::span<const ImportScript> import_scripts();

}  // namespace halftone
