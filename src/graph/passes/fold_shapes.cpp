// fold_shapes: shape arithmetic, as exporters write it (Shape, Gather, Concat, Reshape), done once instead of in every
// run. What does not depend on the batch becomes a constant (fold_known); a Reshape gets a constant that means the same
// for every batch (simplify_reshapes); what is left is done by specialise() when a session knows its batch. What
// follows from a size that the model leaves open is left to specialise() as well: the exported model must work with any
// size.
#include <algorithm>

#include "base/check.hpp"
#include "graph/builder.hpp"
#include "graph/inference/inference.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {

Graph fold_constants(const Graph& graph, const OpLibrary& ops);

namespace {

/// Values that are the same for every batch, and for every size that the model leaves open, become constants under
/// their names.
void fold_known(GraphBuilder& builder, const Graph& graph, const OpLibrary& ops, const Inference& inference) {
    const auto is_constant = [&](ValueId id) {
        const auto& known = inference.known[id.index()];
        return known && known->is_fixed() && !inference.is_of_bound_size[id.index()];
    };
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& node = graph.nodes()[n];
        if (!may_fold(graph, node, ops)) continue;
        const bool is_known = std::all_of(node.outputs.begin(), node.outputs.end(),
                                          [&](ValueId id) { return !id.is_valid() || is_constant(id); });
        if (!is_known) continue;
        builder.remove_node(make_id<NodeId>(n));
        for (const ValueId id : node.outputs) {
            if (id.is_valid()) builder.value(id).constant = inference.known[id.index()]->at_probe[0];
        }
    }
}

/// [batch,50,96] as a Reshape's constant: 0 where the input has the batch in the same place, else -1. Nothing if an
/// element is unknown, or the constant would read otherwise (a second batch; another 0 or -1).
std::optional<Tensor> constant_shape(const Node& node, const PartialInts& wanted, const Shape& input) {
    std::vector<std::int64_t> dims;
    const bool zero_copies = int_attribute(node, "allowzero", 0) == 0;
    // A Reshape may hold one -1, which is computed, and zeros, which copy. A second one of a kind would be ambiguous.
    bool has_inferred = std::any_of(wanted.begin(), wanted.end(), [](const PartialInt& dim) {
        return dim.kind == PartialInt::Kind::number && dim.number == -1;
    });
    const bool has_zero = std::any_of(wanted.begin(), wanted.end(), [](const PartialInt& dim) {
        return dim.kind == PartialInt::Kind::number && dim.number == 0;
    });
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i].kind == PartialInt::Kind::unknown) return std::nullopt;
        if (wanted[i].kind == PartialInt::Kind::number) {
            dims.push_back(wanted[i].number);
        } else if (zero_copies && i < input.rank() && input[i] == kSymbolic) {
            dims.push_back(0);
        } else if (!has_inferred && !has_zero) {
            dims.push_back(-1);
            has_inferred = true;
        } else {
            return std::nullopt;
        }
    }
    return Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(dims.size())}, dims);
}

/// The nodes that computed the shape have no reader then, and build() drops them.
void simplify_reshapes(GraphBuilder& builder, const Graph& graph, const Inference& inference) {
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& node = graph.nodes()[n];
        if (node.op != "Reshape" || node.inputs.size() != 2 || !node.inputs[1].is_valid()) continue;
        const auto& known = inference.known[node.inputs[1].index()];
        // The constant would hold the sizes of this binding beside the batch.
        if (!known || known->partial.empty() || inference.is_of_bound_size[node.inputs[1].index()]) continue;
        auto shape = constant_shape(node, known->partial, inference.types[node.inputs[0].index()].shape);
        if (!shape) continue;
        const std::string name = builder.fresh_value_name(graph.value(node.outputs[0]).name + "_shape");
        builder.node(make_id<NodeId>(n)).inputs[1] = builder.add_constant(name, std::move(*shape));
    }
}

/// Most models have none, and for them the passes below need not infer anything.
bool has_shape_arithmetic(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [](const Node& node) { return node.op == "Shape" || node.op == "Size"; });
}

}  // namespace

/// Shape arithmetic that does not depend on the batch is done now, and a Reshape to a computed [batch, ...] gets a
/// constant with 0 or -1 in the batch's place, which means the same at every batch size.
Graph fold_shapes(const Graph& graph, const OpLibrary& ops) {
    if (!has_shape_arithmetic(graph)) return graph;
    const Inference inference = infer_values(graph, ops, source_types(graph));
    GraphBuilder builder(graph);
    fold_known(builder, graph, ops, inference);
    simplify_reshapes(builder, graph, inference);
    return std::move(builder).build();
}

std::optional<Graph> specialise(const Graph& graph, const OpLibrary& ops, std::int64_t batch,
                                const std::vector<ValueId>& extra_outputs) {
    HALFTONE_CHECK(batch > 0, "a batch has at least one sample");
    if (!has_shape_arithmetic(graph)) return std::nullopt;
    std::vector<TensorType> sources = source_types(graph, batch);
    GraphBuilder builder(graph);
    for (const ValueId id : graph.inputs()) builder.value(id).type = sources[id.index()];
    const Inference inference = infer_values(graph, ops, std::move(sources));
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const Node& node = graph.nodes()[n];
        if (node.op == "DequantizeLinear" || node.op == "Dropout" || node.inputs.empty()) continue;
        const bool is_known = std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
            return !id.is_valid() || (inference.known[id.index()] && inference.known[id.index()]->is_fixed());
        });
        if (!is_known) continue;
        builder.remove_node(make_id<NodeId>(n));
        for (const ValueId id : node.outputs) {
            if (id.is_valid()) builder.value(id).constant = inference.known[id.index()]->at_probe[0];
        }
    }
    // Taps of a session: values that somebody wants to see must survive the folding.
    for (const ValueId id : extra_outputs) {
        const auto& outputs = builder.outputs();
        if (std::find(outputs.begin(), outputs.end(), id) == outputs.end()) builder.add_output(id);
    }
    return infer_types(fold_constants(std::move(builder).build(), ops), ops);
}

}  // namespace halftone
