#pragma once
// The table of oneDNN operators, for kernel/op.cpp. Adding an operator = one .cpp here that defines
// `const DnnlOp& onednn::<name>_op()` + one line in list.inc (+ its test). Helpers live in common_* files.

#include <string>
#include <string_view>
#include <vector>

#include "kernel/fast_op.hpp"

namespace halftone {

using DnnlOp = FastOp;

/// Null when oneDNN has no such operator.
[[nodiscard]] const Op* find_dnnl_op(std::string_view type);
/// In the order of list.inc.
[[nodiscard]] std::vector<std::string> dnnl_op_types();

}  // namespace halftone
