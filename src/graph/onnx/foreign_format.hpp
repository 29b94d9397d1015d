#pragma once
// Files of other formats that users give as a model by mistake.

#include <string>
#include <string_view>
#include <vector>

namespace halftone {

/// If the bytes begin like a known format other than ONNX, returns its name and how to get an ONNX file from it: "is a
/// TensorFlow Lite model, not an ONNX file: …". Otherwise returns an empty text.
[[nodiscard]] std::string foreign_format(std::string_view bytes);

/// The same for a folder. @param names  of its files
[[nodiscard]] std::string foreign_folder(const std::vector<std::string>& names);

}  // namespace halftone
