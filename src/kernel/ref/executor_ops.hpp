#pragma once
// The reference operators as the executor asks for them (kernel/op.cpp: find_op(Backend::ref, …)).

#include <string_view>

#include "kernel/op.hpp"

namespace halftone {

/// Null when unknown.
[[nodiscard]] const Op* find_ref_executor_op(std::string_view type);

}  // namespace halftone
