#pragma once
// Private to this room: does an imported model compute what it computed in its framework?

#include "graph/graph.hpp"
#include "import/conversion.hpp"

namespace halftone {

/// Runs the graph on the inputs of a conversion and compares all outputs with the framework's.
/// @return the largest difference of all outputs, as a part of the largest output; 0 for outputs that are all equal
/// @throws ModelError  above the conversion's tolerance, or where shapes differ
[[nodiscard]] double check_import(const Graph& graph, const Conversion& conversion);

}  // namespace halftone
