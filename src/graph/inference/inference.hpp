#pragma once
// Inference: types of all values, and the values of the small tensors that exporters compute from shapes (Shape ->
// Gather -> Concat -> Reshape). The passes of graph/passes use it.

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.hpp"
#include "graph/inference/known_tensor.hpp"
#include "graph/op_library.hpp"

namespace halftone {

struct Inference {
    std::vector<TensorType> types;                  ///< by value id
    std::vector<std::optional<KnownTensor>> known;  ///< by value id; also initialisers that are small
    /// By value id: whether the value of a known tensor may follow from a size in ModelInfo::bound_dims. Such a value
    /// is right for a session, and must not be written into a model that is used with other sizes.
    std::vector<bool> is_of_bound_size;
    std::vector<bool> has_bound_type;  ///< by value id: whether the type may follow from such a size
};

/// The types of a graph in which some shapes depend on data.
struct HeadInference {
    Inference inference;        ///< the types of values in the tail are placeholders
    std::vector<bool> is_tail;  ///< by node: its shape depends on data, or it reads a value with such a shape
};

/// @param types  by value id; set for graph inputs and constants, filled in for the others
/// @throws ModelError naming the node
[[nodiscard]] Inference infer_values(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types);

/// The limit on the work of computing small tensors of a graph, in the units of work_of(). Real shape arithmetic has
/// some thousand elements in a model. Each tensor is small, but a Conv or MatMul of two of them may be much work, and a
/// file may have any number of them.
inline constexpr std::uint64_t kFollowedWork = std::uint64_t{1} << 26U;

/// The same as infer_values for a graph that may have a tail. @param work  limit for computing small tensors; beyond it
/// they are unknown
/// @throws ModelError naming the node, for one that is wrong whatever the data are
[[nodiscard]] HeadInference infer_head(const Graph& graph, const OpLibrary& ops, std::uint64_t work = kFollowedWork);

/// Known types of graph inputs and constants; the others are placeholders. @throws ModelError
[[nodiscard]] std::vector<TensorType> source_types(const Graph& graph);
/// The same with the batch in the place of symbolic dimensions.
[[nodiscard]] std::vector<TensorType> source_types(const Graph& graph, std::int64_t batch);

/// Returns whether the value of a node may be computed when a model is read. A DequantizeLinear of a constant may not,
/// because quantized files store weights in this form; nor may an operator that the library does not know.
[[nodiscard]] bool may_evaluate(const Node& node, const OpLibrary& ops);
/// Returns whether a node may be replaced by its value: may_evaluate, and it produces no graph output.
[[nodiscard]] bool may_fold(const Graph& graph, const Node& node, const OpLibrary& ops);

}  // namespace halftone
