#pragma once
// Given values as constants of a graph: for running a model once on arrays that may also decide shapes.

#include <map>

#include "graph/graph.hpp"
#include "tensor/tensor.hpp"

namespace halftone {

/// The graph with some of its inputs made constants (weights, scales, shapes, indices that a model takes as inputs),
/// and the others with the shapes of the given arrays. An input stays one if it is fp32, no scalar, not empty, and
/// every reader has it as input 0, which is where operators have their data. Names stay.
/// @param arrays  by id of graph input, all of them
[[nodiscard]] Graph bind_inputs(const Graph& graph, const std::map<ValueId, Tensor>& arrays);

}  // namespace halftone
