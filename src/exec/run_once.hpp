#pragma once
// A model run once on given arrays, by name of graph input: what `halftone run` and the conformance suite do.

#include <map>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "kernel/ops/find_op.hpp"

namespace halftone {

/// Runs the graph once, with shapes that the arrays give.
/// @param arrays  by graph input, in the order of graph.inputs()
/// @return the graph's outputs, in order, in ONNX's element types and shapes
/// @throws DataError  number, element type or shape of an array that does not fit, naming the input
/// @throws ModelError  as the passes and the session do
[[nodiscard]] std::vector<Tensor> run_once(const Graph& graph, const std::vector<Tensor>& arrays, Backend backend);

}  // namespace halftone
