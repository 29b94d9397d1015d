#pragma once
// Which configurations each unit can have on this machine, asked from the ops' supports().

#include <vector>

#include "graph/capability.hpp"
#include "graph/graph.hpp"
#include "graph/unit.hpp"

namespace halftone {

/// By unit index. Option order: activation scheme (asym, sym) x weight granularity (per_channel, per_tensor) x
/// activation algorithm (as given), slowest first; fp32 last. Refused: bf16 and int8 with the kernels' reasons.
[[nodiscard]] CapabilityTable capabilities(const Graph& graph, const std::vector<Unit>& units,
                                           const std::vector<Algorithm>& algorithms);

}  // namespace halftone
