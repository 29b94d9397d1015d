#include <algorithm>

#include "graph/builder.hpp"
#include "graph/inference/inference.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

// A small file must not expand into gigabytes of constants (ConstantOfShape, Expand, Tile).
constexpr std::int64_t kMaxFoldedElements = std::int64_t{1} << 24;

/// Types and constants of the inputs; nothing if an input is not constant.
bool gather_constants(GraphBuilder& builder, OpContext& op, std::vector<Tensor>& inputs) {
    for (const ValueId id : op.node.inputs) {
        if (!id.is_valid()) {
            op.inputs.emplace_back();
            op.constants.push_back(nullptr);
            inputs.emplace_back();
            continue;
        }
        // From the builder: a node before this one may just have become a constant.
        const Value& value = builder.value(id);
        if (!value.is_constant()) return false;
        op.inputs.push_back(value.constant.type());
        op.constants.push_back(&value.constant);
        inputs.push_back(value.constant);
    }
    return true;
}

bool may_be_folded(const TensorType& type) {
    if (!type.shape.is_static()) return false;
    std::int64_t elements = 1;
    for (const std::int64_t dim : type.shape.dims()) {
        if (dim > kMaxFoldedElements || (elements *= dim) > kMaxFoldedElements) return false;
    }
    return true;
}

}  // namespace

/// Nodes that read constants only are evaluated now; their outputs become constants under the same names.
/// A node that produces a graph output stays.
Graph fold_constants(const Graph& graph, const OpLibrary& ops) {
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        const Node& node = graph.node(id);
        if (!may_fold(graph, node, ops)) continue;
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        std::vector<Tensor> inputs;
        if (!gather_constants(builder, op, inputs)) continue;
        // Types first: a few bytes of a file may ask for an output of any size.
        const std::vector<TensorType> types = ops.infer(op);
        if (!std::all_of(types.begin(), types.end(), may_be_folded)) continue;

        const std::vector<Tensor> results = ops.evaluate(op, inputs);
        builder.remove_node(id);
        for (std::size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
            if (node.outputs[i].is_valid()) builder.value(node.outputs[i]).constant = results[i];
        }
    }
    return std::move(builder).build();
}

}  // namespace halftone
