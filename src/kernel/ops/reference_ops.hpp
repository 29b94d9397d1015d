#pragma once
// The reference operators (kernel/ref) as the graph room sees them: shape rules, and values of constants.

#include "graph/op_library.hpp"

namespace halftone {

/// All reference operators as one OpLibrary. Defined in kernel/ref/registry.cpp.
[[nodiscard]] const OpLibrary& reference_ops();

}  // namespace halftone
