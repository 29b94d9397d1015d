#include "base/check.hpp"
#include "graph/inference/inference.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {

Graph infer_types(const Graph& graph, const OpLibrary& ops) {
    const Inference inference = infer_values(graph, ops, source_types(graph));
    return with_types(graph, inference.types);
}

Graph with_input_shapes(const Graph& graph, const OpLibrary& ops, const std::vector<Shape>& shapes) {
    HALFTONE_CHECK(shapes.size() == graph.inputs().size(), "a shape for each input");
    std::vector<TensorType> types = source_types(graph);
    for (std::size_t i = 0; i < shapes.size(); ++i) types[graph.inputs()[i].index()].shape = shapes[i];
    return with_types(graph, infer_values(graph, ops, std::move(types)).types);
}

std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch) {
    HALFTONE_CHECK(batch > 0, "a batch has at least one sample");
    return infer_values(graph, ops, source_types(graph, batch)).types;
}

}  // namespace halftone
