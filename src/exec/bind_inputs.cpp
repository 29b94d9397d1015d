#include "exec/bind_inputs.hpp"

#include <algorithm>

#include "graph/builder.hpp"

namespace halftone {
namespace {

/// Operators have their data as input 0; what stands elsewhere may be a weight, a scale, a shape or an index, which
/// kernels take as constants only.
bool is_data(const Graph& graph, ValueId id) {
    const auto& uses = graph.uses(id);
    return graph.value(id).type.dtype == DType::f32 &&
           std::all_of(uses.begin(), uses.end(), [](const Use& use) { return use.input == 0; });
}

}  // namespace

Graph bind_inputs(const Graph& graph, const std::map<ValueId, Tensor>& arrays) {
    GraphBuilder builder(graph);
    for (const auto& [id, array] : arrays) {
        builder.value(id).type = array.type();
        // Scalars and empty arrays have no batch: no session input can be made of them.
        if (is_data(graph, id) && array.shape().rank() > 0 && array.elements() > 0) continue;
        builder.value(id).constant = array;
        auto& inputs = builder.inputs();
        inputs.erase(std::find(inputs.begin(), inputs.end(), id));
    }
    return std::move(builder).build();
}

}  // namespace halftone
