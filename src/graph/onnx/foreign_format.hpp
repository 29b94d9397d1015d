#pragma once
// Files that are given as a model and are something else, which people download or save by mistake.

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// Returns what a file is that begins like a known format other than ONNX, and how to come to an ONNX file from there:
/// "is a TensorFlow Lite model, not an ONNX file: …". Returns an empty text where nothing is known about the bytes.
[[nodiscard]] std::string foreign_format(std::string_view bytes);

/// The same for a folder. @param names  of its files
[[nodiscard]] std::string foreign_folder(const std::vector<std::string>& names);

}  // namespace halftone
