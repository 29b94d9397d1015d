#pragma once
// Models whose tensors lie in files beside them. A model file is untrusted: it may name files in its own folder only.

#include <cstdint>
#include <string>

#include "base/shared_bytes.hpp"

namespace halftone {

/// The largest protobuf message: 2 GiB - 1.
inline constexpr std::uint64_t kMostMessageBytes = 0x7fffffff;

/// Returns the bytes of the model with all external data in them, or `bytes` as they are if it has none. Locations are
/// relative to `folder`, the folder of the model. If no protobuf message can hold the whole, the result has a form that
/// only import_onnx() and survey_onnx() read (large_model.hpp): the files are mapped behind the message and not read
/// (base/mapped_files.hpp).
/// @param most  tests give a smaller limit of the message
/// @throws ModelError naming the tensor: a location that is absolute, has "..", or leads out of the folder through a
/// link; a file that is missing or no regular file; a range beyond its end.
/// IoError when a file cannot be mapped.
/// @throws BudgetError when the whole needs more memory than the process has left. Sizes are compared before anything
/// is loaded.
[[nodiscard]] SharedBytes inline_external_data(std::string bytes, const std::string& folder,
                                               std::uint64_t most = kMostMessageBytes);

}  // namespace halftone
