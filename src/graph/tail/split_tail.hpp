#pragma once
// The tail of a model: its nodes behind the first shape that depends on data, such as the boxes that NonMaxSuppression
// leaves, or what a Loop collects. Nothing can be planned there. So the graph is cut: what stands before the tail is
// compiled, quantized and timed like any other model, and the tail runs behind it with the shapes that come out.

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

/// Returns whether a shape of the graph depends on data, most likely: it has control flow, or an operator whose results
/// are as many as the data make them. Typing the graph finds the other cases.
[[nodiscard]] bool has_data_dependent_operator(const Graph& graph);

/// Returns the graph with a batch in the place of every first dimension of an input that is open. ModelInfo says that
/// it was open, so that an export opens it again.
[[nodiscard]] Graph with_batch(const Graph& graph, std::int64_t batch);

/// Returns the graph without its tail, which stands in ModelInfo::tail then; or the graph itself where no shape depends
/// on data. A model with a tail runs sample by sample, with a batch of 1.
/// @throws ModelError for outputs of the tail that the file declares without a type, or in 16 bits
[[nodiscard]] Graph split_tail(const Graph& graph, const OpLibrary& ops);

}  // namespace halftone
