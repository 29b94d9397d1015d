#pragma once
// Graph -> Graph. Each pass is one file and one line in list.inc; run_passes applies them in list order.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "graph/op_library.hpp"

namespace halftone {

struct Pass {
    std::string_view name;
    Graph (*run)(const Graph&, const OpLibrary&);
};

/// In order: infer types, remove Identity/Dropout, fold constants, fold shape arithmetic, fold Pad and batch norm
/// into Conv;
/// run_passes infers types again after each.
/// DequantizeLinear of a constant is never folded: it is how a quantized file stores its weights.
[[nodiscard]] std::span<const Pass> all_passes();
[[nodiscard]] Graph run_passes(const Graph& graph, const OpLibrary& ops);

/// Types of every value, given the graph inputs' types. @throws ModelError naming the node
[[nodiscard]] Graph infer_types(const Graph& graph, const OpLibrary& ops);

/// The same with the symbolic batch bound: types by value id. @pre batch > 0
[[nodiscard]] std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch);

/// A graph with shape arithmetic (Shape, Size) for one batch size: static types, and everything that follows from them
/// constant, so that no kernel sees a shape that is computed. Nothing if there is no such arithmetic. `extra_outputs`
/// are kept as outputs behind the graph's own. @pre batch > 0
[[nodiscard]] std::optional<Graph> specialise(const Graph& graph, const OpLibrary& ops, std::int64_t batch,
                                              const std::vector<ValueId>& extra_outputs);

}  // namespace halftone
