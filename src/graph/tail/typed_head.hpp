#pragma once
// The part of a model that can be planned, with types: where all work on a model that was read begins.

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Returns the graph with types. Control flow whose course is known is unrolled (unroll.hpp), and what depends on data
/// is cut off (split_tail.hpp).
///
/// The batch stays open where the shape rules can follow an open one. Where they cannot, but the model is right for
/// batches of 1 and of 2, it gets a batch of 1 and runs sample by sample: for example, PyTorch's MultiheadAttention
/// multiplies the batch by the number of heads.
/// @throws ModelError naming the node. A model that is right for a batch of 1 only holds its exporter's batch in a
/// constant; the message says how to ask for it
[[nodiscard]] Graph typed_head(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
