// fold_codes turns every QuantizeLinear of a constant into the constant codes that it gives.
//
// A DequantizeLinear of constant codes is never folded, here or anywhere: its codes are what int8 kernels read.
#include <utility>

#include "exec/passes/passes.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// The codes, if everything that the QuantizeLinear reads is known.
std::optional<Tensor> codes_of(const Graph& graph, const QdqView& qdq, const Node& node, const OpLibrary& ops) {
    const Tensor* real = qdq.real_constant(node.inputs[0]);
    if (real == nullptr) return std::nullopt;
    std::vector<Tensor> inputs{*real};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const ValueId id = node.inputs[i];
        if (id.is_valid() && !graph.value(id).is_constant()) return std::nullopt;
        inputs.push_back(id.is_valid() ? graph.value(id).constant : Tensor());
    }
    OpContext op{.node = node, .inputs = {}, .constants = {}};
    for (const Tensor& input : inputs) {
        op.inputs.push_back(input.is_empty() ? TensorType{} : input.type());
        op.constants.push_back(input.is_empty() ? nullptr : &input);
    }
    return ops.evaluate(op, inputs)[0];
}

}  // namespace

std::optional<Graph> fold_codes(const Graph& graph, const ExecPassContext& context) {
    if (!context.taps.empty()) return std::nullopt;  // a tap may read a value that would be folded away
    DequantizedConstants constants;
    const QdqView qdq(graph, constants);
    std::optional<GraphBuilder> builder;  // copies the graph, so only when there is something to do
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        const Node& node = graph.node(id);
        if (node.op != "QuantizeLinear" || graph.is_output(node.outputs[0])) continue;
        auto codes = codes_of(graph, qdq, node, context.ops);
        if (!codes) continue;
        if (!builder) builder.emplace(graph);
        builder->remove_node(id);
        builder->value(node.outputs[0]).constant = std::move(*codes);
    }
    if (!builder) return std::nullopt;
    return std::move(*builder).build();
}

}  // namespace halftone
