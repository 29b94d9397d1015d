#pragma once
// The only way in which a file that somebody else wrote may name another file.

#include <string>

namespace halftone {

/// Finds the regular file at `location`, a path relative to `folder` that stays in it: absolute paths, "..", and links
/// that lead out of the folder are refused. An empty folder means the working directory.
/// @return the file's path without links
/// @throws IoError  the message is the end of a sentence about the file, such as "is at the absolute path '/etc/x'"
[[nodiscard]] std::string contained_file(const std::string& folder, const std::string& location);

}  // namespace halftone
