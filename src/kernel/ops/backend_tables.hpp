#pragma once
// The table of each backend, for find_op(). Each is defined in the registry.cpp of its folder, so that this room need
// not include the folders that are built on it.

#include <string>
#include <string_view>
#include <vector>

#include "kernel/ops/op.hpp"

namespace halftone {

/// Each returns the backend's operator of this ONNX type, or null when the backend has none.
[[nodiscard]] const Op* find_ref_executor_op(std::string_view type);
[[nodiscard]] const Op* find_dnnl_op(std::string_view type);
[[nodiscard]] const Op* find_native_op(std::string_view type);

/// Each returns the ONNX types of the backend's operators.
[[nodiscard]] std::vector<std::string> ref_op_types();
[[nodiscard]] std::vector<std::string> dnnl_op_types();
[[nodiscard]] std::vector<std::string> native_op_types();

}  // namespace halftone
