#pragma once
// Small valid graphs out of fuzz bytes, over every registered operator.

#include <vector>

#include <string>
#include "fuzz/graphs/byte_source.hpp"

#include "graph/graph.hpp"

namespace halftone::fuzz {

/// A typed graph of at most 12 nodes. All shapes are static. Its outputs are the values that no node reads.
/// @param ops  types of the operators that may be in it, each as often as it is listed
[[nodiscard]] Graph random_graph(ByteSource& source, const std::vector<std::string>& ops);

/// One array for each graph input, of its type and shape.
/// @param has_odd_numbers  whether NaN, infinities and other special numbers may be among the elements
[[nodiscard]] std::vector<Tensor> random_inputs(ByteSource& source, const Graph& graph, bool has_odd_numbers);

}  // namespace halftone::fuzz
