#pragma once
// The table of operators with kernels of our own, for kernel/op.cpp. Adding one = one .cpp here that defines
// `const NativeOp& native::<name>_op()` + one line in list.inc (+ its test and its line in the benchmark).

#include <string>
#include <string_view>
#include <vector>

#include "kernel/fast_op.hpp"

namespace halftone {

using NativeOp = FastOp;

/// Null when there is no such operator here.
[[nodiscard]] const Op* find_native_op(std::string_view type);
/// In the order of list.inc.
[[nodiscard]] std::vector<std::string> native_op_types();

}  // namespace halftone
