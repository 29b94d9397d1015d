#include "base/check.hpp"
#include "graph/builder.hpp"
#include "graph/inference/inference.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {

Graph infer_types(const Graph& graph, const OpLibrary& ops) {
    const Inference inference = infer_values(graph, ops, source_types(graph));
    // A graph is immutable, so even types are written to a copy. Tensors are shared by copies.
    GraphBuilder builder(graph);
    for (std::size_t i = 0; i < inference.types.size(); ++i) {
        Value& value = builder.value(make_id<ValueId>(i));
        value.type = inference.types[i];
        value.has_type = true;
    }
    return std::move(builder).build();
}

std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch) {
    HALFTONE_CHECK(batch > 0, "a batch has at least one sample");
    return infer_values(graph, ops, source_types(graph, batch)).types;
}

}  // namespace halftone
