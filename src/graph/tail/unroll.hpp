#pragma once
// Control flow whose course is known without data: an If whose condition follows from constants and shapes, a Loop
// whose rounds can be counted, a Scan over a dimension of known length. The nodes of its body replace it, so that they
// and all later nodes are planned, quantized and timed like the rest. Other control flow stays (split_tail.hpp).

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Returns the graph with the nodes of their graphs in the place of each If, Loop and Scan whose course is known. The
/// nodes of round 3 of the Loop 'decoder' are named 'decoder/3/...'; constants of a body are shared by all rounds.
///
/// A Loop or Scan stays as it is if it has more than 512 rounds, if a shape inside of it depends on data, or if all of
/// them together would become more than 20,000 nodes. A course that follows from a size that was bound
/// (ModelInfo::bound_dims) is right for this size only: then no dimension of the model is open any more in an export.
/// @throws ModelError naming the node, for one that is wrong whatever the data are
[[nodiscard]] Graph unroll_control_flow(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
