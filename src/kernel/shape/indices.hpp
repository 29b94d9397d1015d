#pragma once
// Indices at run time: they come from data, so they are checked where they are used.

#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// int32 or int64 indices into a dimension of `size` places, negative ones counted from its end.
/// @throws ModelError naming the node and the index that is outside
[[nodiscard]] std::vector<std::int64_t> indices_of(const OpContext& op, const TensorView& view, std::int64_t size);

}  // namespace halftone::ref
