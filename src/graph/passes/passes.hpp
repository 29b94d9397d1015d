#pragma once
// Graph -> Graph. Each pass is one file and one line in list.inc; run_passes applies them in list order.

#include <optional>
#include <span>
#include <vector>

#include "base/registry.hpp"
#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

using RunPass = Graph (*)(const Graph&, const OpLibrary&);
/// A pass: its name as `word`, its function as `value`.
using Pass = RegistryRow<RunPass>;

/// Returns all passes in the order of their application, which graph/README.md explains. No pass folds the
/// DequantizeLinear of a constant, because that is how a quantized file stores its weights.
[[nodiscard]] std::span<const Pass> all_passes();
/// Returns the graph after all passes. Types are inferred again behind each of them.
[[nodiscard]] Graph run_passes(const Graph& graph, const OpLibrary& ops);

/// Types of every value, given the graph inputs' types. @throws ModelError naming the node
[[nodiscard]] Graph infer_types(const Graph& graph, const OpLibrary& ops);

/// The same with the symbolic batch bound: types by value id. @pre batch > 0
[[nodiscard]] std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch);

/// Returns the graph for other sizes of its inputs, with the types of all its values. Only dimensions that the model's
/// file leaves open may have another size (input_sizes.hpp), because no value that depends on them was folded.
/// @param shapes  by graph input, with as many dimensions as the input; the batch may be open
/// @throws ModelError naming the node that cannot be run at these sizes
[[nodiscard]] Graph with_input_shapes(const Graph& graph, const OpLibrary& ops, const std::vector<Shape>& shapes);

/// A graph with shape arithmetic (Shape, Size) for one batch size: static types, and everything that follows from them
/// constant, so that no kernel sees a shape that is computed. Nothing if there is no such arithmetic. `extra_outputs`
/// are kept as outputs behind the graph's own. @pre batch > 0
[[nodiscard]] std::optional<Graph> specialise(const Graph& graph, const OpLibrary& ops, std::int64_t batch,
                                              const std::vector<ValueId>& extra_outputs);

}  // namespace halftone
