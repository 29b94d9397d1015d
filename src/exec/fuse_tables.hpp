#pragma once
// Chains of element-wise operators on one 8-bit tensor, from DequantizeLinear to QuantizeLinear, as what they exactly
// are: a table of 256 entries. For execution only.

#include <optional>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Each QuantizeLinear whose value depends on nothing but one tensor of codes (SiLU as Sigmoid and Mul is such a chain,
/// roundings between them included) becomes a TableLookup; its entries are what the operators give for each code. Nodes
/// whose other readers need them stay. Nothing if there is no such chain. Names do not change.
/// @pre types are known
[[nodiscard]] std::optional<Graph> fuse_tables(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
