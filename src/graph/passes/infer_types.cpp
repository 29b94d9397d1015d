#include "base/check.hpp"
#include "graph/inference/inference.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {

Graph infer_types(const Graph& graph, const OpLibrary& ops) {
    const Inference inference = infer_values(graph, ops, source_types(graph));
    return with_types(graph, inference.types);
}

std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch) {
    HALFTONE_CHECK(batch > 0, "a batch has at least one sample");
    return infer_values(graph, ops, source_types(graph, batch)).types;
}

}  // namespace halftone
