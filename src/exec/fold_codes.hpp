#pragma once
// Constants that a file quantizes while it runs, as codes. For execution only.

#include <optional>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// A QuantizeLinear of a constant, or of codes that are constant, becomes the constant codes. (A DequantizeLinear is no
/// constant anywhere else, because its codes are what int8 kernels read.) Nothing if there is none. Names do not
/// change.
/// @pre types are known
[[nodiscard]] std::optional<Graph> fold_codes(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
