#pragma once
// .npy files of the command run: one for each input, one for each output.

#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace halftone::show {

/// Returns the path of each input's array, in graph order. Every input must be given exactly once, because a silent
/// default would hide a misspelt name.
/// @param inputs  "X.npy", the next input in graph order that has none yet; or "NAME=X.npy"
/// @throws ConfigError
[[nodiscard]] std::vector<std::string> paths_by_input(const Graph& graph, const std::vector<std::string>& inputs);

/// Returns the array of one input, in the input's type where its values fit; the log says what was converted. An array
/// of a type that cannot be converted comes back as it is. A file that is far too long is refused before it is read.
/// @throws DataError when the file is missing or is no .npy, ResourceError beyond the memory budget
[[nodiscard]] Tensor read_input(const FileSystem& files, const std::string& path, const Value& input);

/// Returns a value's name as a file name without an ending: names of ONNX values often hold '/' and ':', and may be
/// longer than a file's. Two names may become equal.
[[nodiscard]] std::string file_name(std::string name);

/// Returns the name of an .npy file for each name, in their order, no two the same. Names that are equal, or become
/// equal as file names ("a/b" and "a:b" are both "a_b"), get a number behind them, in their order: a_b.npy and
/// a_b.2.npy. A name that is a file name already keeps it, the first time it occurs.
[[nodiscard]] std::vector<std::string> numbered_files(const std::vector<std::string>& names);

/// Returns numbered_files of the outputs, in graph order.
[[nodiscard]] std::vector<std::string> output_files(const Graph& graph);

}  // namespace halftone::show
