#pragma once
// The part of a model before its tail, with types. All work on an imported model begins with it.

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Returns the graph with types. Control flow whose course is known is unrolled (unroll.hpp), and what depends on data
/// is cut off (split_tail.hpp).
///
/// The batch stays open if the shape rules can follow it. If they cannot, but the shapes fit batches of 1 and of 2, the
/// model gets a batch of 1 and runs sample by sample: for example, PyTorch's MultiheadAttention multiplies the batch by
/// the number of heads.
/// @throws ModelError naming the node. If the shapes fit a batch of 1 only, a constant holds the exporter's batch; the
/// message says how to ask for this batch
[[nodiscard]] Graph typed_head(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
