#pragma once
// The tail of a model: the nodes from the first one on whose output shape depends on data, for example on the boxes
// that NonMaxSuppression keeps. Memory for such values cannot be planned. So the graph is cut: the part before the tail
// is compiled, quantized and timed like any other model, and the tail runs after it with the shapes that result.

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Returns whether a shape of the graph very likely depends on data: the graph has control flow, or an operator whose
/// number of results depends on the data. Type inference finds the other cases.
[[nodiscard]] bool has_data_dependent_operator(const Graph& graph);

/// Returns the graph with this batch as every first dimension of an input that is open. ModelInfo says that it was
/// open, so that an export opens it again.
[[nodiscard]] Graph with_batch(const Graph& graph, std::int64_t batch);

/// Returns the graph without its tail, which is in ModelInfo::tail then; or the graph itself if no shape depends on
/// data. A model with a tail runs sample by sample, with a batch of 1.
/// @throws ModelError for outputs of the tail that the file declares without a type, or in 16 bits
[[nodiscard]] Graph split_tail(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
