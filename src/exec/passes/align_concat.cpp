// align_concat lets a Concat of codes move codes: where its inputs have other parameters than its output, they are
// quantized again with the output's.
//
// The codes that come out are the same: each value is rounded to the output's codes once, now before the Concat instead
// of behind it, and the second QuantizeLinear with the same parameters is the identity.
#include <utility>

#include "exec/passes/passes.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/builder.hpp"

namespace halftone {
namespace {

/// The QuantizeLinear behind a Concat of codes that have not all its parameters; null for any other node.
const Node* quantize_to_align(const Graph& graph, const QdqView& qdq, const Node& node) {
    if (node.op != "Concat" || graph.is_output(node.outputs[0])) return nullptr;
    const auto& uses = graph.uses(node.outputs[0]);
    if (uses.size() != 1 || !qdq.is_activation_quantize(uses[0].node)) return nullptr;
    const QuantParams params = qdq.quantize_params(uses[0].node);
    bool is_aligned = true;
    for (const ValueId input : node.inputs) {
        const auto codes = qdq.activation_codes(input);
        if (!codes) return nullptr;
        is_aligned = is_aligned && codes->params == params;
    }
    return is_aligned ? nullptr : &graph.node(uses[0].node);
}

/// A new value: what `node`, a QuantizeLinear or DequantizeLinear with the parameters of `like`, makes of `input`.
ValueId add_linear(GraphBuilder& builder, const std::string& op, ValueId input, const Node& like, TensorType type) {
    const ValueId result = builder.add_value(builder.fresh_value_name("aligned"), std::move(type));
    Node node{.name = builder.fresh_node_name("align_" + op),
              .op = op,
              .inputs = like.inputs,
              .outputs = {result},
              .attributes = {}};
    node.inputs[0] = input;
    builder.add_node(std::move(node));
    return result;
}

}  // namespace

std::optional<Graph> align_concat(const Graph& graph, const ExecPassContext& context) {
    if (!context.taps.empty()) return std::nullopt;  // a tapped session keeps its nodes as the file has them
    DequantizedConstants constants;
    const QdqView qdq(graph, constants);
    std::optional<GraphBuilder> builder;  // copies the graph, so only when there is something to do
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        const Node& concat = graph.node(id);
        const Node* quantize = quantize_to_align(graph, qdq, concat);
        if (quantize == nullptr) continue;
        const QuantParams params = qdq.quantize_params(graph.uses(concat.outputs[0])[0].node);
        if (!builder) builder.emplace(graph);
        for (std::size_t i = 0; i < concat.inputs.size(); ++i) {
            if (qdq.activation_codes(concat.inputs[i])->params == params) continue;
            const TensorType& real = graph.value(concat.inputs[i]).type;
            const ValueId codes =
                add_linear(*builder, "QuantizeLinear", concat.inputs[i], *quantize, {params.dtype, real.shape});
            builder->node(id).inputs[i] = add_linear(*builder, "DequantizeLinear", codes, *quantize, real);
        }
    }
    if (!builder) return std::nullopt;
    return std::move(*builder).build();
}

}  // namespace halftone
