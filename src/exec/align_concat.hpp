#pragma once
// Concat of codes with different parameters: its inputs are brought to the output's parameters, so that it moves codes.
// For execution only.

#include <optional>

#include "graph/graph.hpp"

namespace halftone {

/// Where a Concat reads codes only and is quantized at once, a QuantizeLinear and a DequantizeLinear with the output's
/// parameters go in front of every input with others. The same codes come out: each is quantized once, and the second
/// time is the identity. Nothing if there is none. Names of existing values do not change.
[[nodiscard]] std::optional<Graph> align_concat(const Graph& graph);

}  // namespace halftone
