#pragma once
// The work of an operator, computed from types alone. It is for limits on the work of reading a model.

#include <cstdint>
#include <vector>

#include "graph/op_library.hpp"

namespace halftone {

/// Returns about how many multiplications the plain loops of an operator do, or how many elements they touch where
/// they only move values; at least 1. It is an upper bound up to a small factor. An operator that is not known to
/// read an element many times counts as one that reads and writes each element once.
/// @param outputs  types of the node's outputs; all types are static
[[nodiscard]] std::uint64_t work_of(const OpContext& op, const std::vector<TensorType>& outputs);

}  // namespace halftone
