#pragma once
// Arithmetic on the texts of paths. No file is touched here; see file_system.hpp for that.

#include <string>

namespace halftone {

/// Returns the folder of a path: "runs/a" of "runs/a/x.onnx". Returns an empty text when the path has no folder.
[[nodiscard]] std::string parent_path(const std::string& path);

/// Returns the last part of a path without its extension: "x" of "runs/a/x.onnx".
[[nodiscard]] std::string path_stem(const std::string& path);

[[nodiscard]] bool is_absolute_path(const std::string& path);

/// Returns the path without "." and without doubled or last slashes, and with ".." resolved by its text: "a/b" of
/// "a/./c/../b/". Links are not looked at.
[[nodiscard]] std::string plain_path(const std::string& path);

/// Returns `path` as seen from `folder`: "folder/path", or `path` itself when it is absolute or the folder is empty.
[[nodiscard]] std::string joined_path(const std::string& folder, const std::string& path);

}  // namespace halftone
