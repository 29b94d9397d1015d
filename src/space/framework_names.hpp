#pragma once
// The names that parts of a model have in their framework, if the ONNX file has other names for them. LPOT's configs
// use the framework's names.

#include <string>
#include <string_view>

namespace halftone {

/// Returns the path of the PyTorch module that a node comes from: "layer1.0.conv1" of "/layer1/layer1.0/conv1/Conv".
/// Empty if PyTorch's exporter does not make such names. Source: torch.onnx, from version 1.13 on.
[[nodiscard]] std::string module_path(std::string_view node_name);

/// Returns whether a key of LPOT's op_wise means the node with this name. The key is a module's path, perhaps with
/// DataParallel's "module." before it, or a glob of such paths; or it is NAME_MatMul of the Gemm node NAME, which LPOT
/// splits into MatMul and Add.
[[nodiscard]] bool is_framework_name(std::string_view key, std::string_view node_name);

}  // namespace halftone
