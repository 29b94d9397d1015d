#pragma once
// The interval of a Relu, a Clip with constant bounds, or a Max with one constant number, as a Clamp.

#include <optional>

#include "graph/graph.hpp"
#include "kernel/ops/request.hpp"

namespace halftone {

/// Nothing when the node is none of them, or its bounds are not constants.
[[nodiscard]] std::optional<Clamp> find_clamp(const Graph& graph, const Node& node);
/// @pre find_clamp has a value
[[nodiscard]] Clamp clamp_of(const Graph& graph, const Node& node);

}  // namespace halftone
