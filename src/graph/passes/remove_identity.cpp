#include <algorithm>

#include "base/error.hpp"
#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// Dropout computes its input in inference mode; in training mode it is random, which no exported classifier wants.
void check_inference_mode(const Graph& graph, const Node& node) {
    if (node.inputs.size() > 2 && node.inputs[2].is_valid()) {
        const Value& mode = graph.value(node.inputs[2]);
        const bool is_off = mode.is_constant() && mode.constant.dtype() == DType::boolean &&
                            mode.constant.elements() == 1 && mode.constant.as<std::uint8_t>()[0] == 0;
        if (!is_off) throw ModelError(describe(node) + ": training_mode must be absent or a constant false");
    }
}

/// The second output of Dropout. Whoever reads it wants to know what was dropped, so the node must stay.
bool has_read_mask(const Graph& graph, const Node& node) {
    if (node.outputs.size() < 2 || !node.outputs[1].is_valid()) return false;
    return !graph.uses(node.outputs[1]).empty() || graph.is_output(node.outputs[1]);
}

/// Exporters write a Pad before pooling whether it pads or not.
bool pads_nothing(const Graph& graph, const Node& node) {
    if (node.op != "Pad" || node.inputs.size() < 2 || !node.inputs[1].is_valid()) return false;
    const Tensor& pads = graph.value(node.inputs[1]).constant;
    if (pads.is_empty() || pads.dtype() != DType::s64) return false;
    const auto counts = pads.as<std::int64_t>();
    return std::all_of(counts.begin(), counts.end(), [](std::int64_t count) { return count == 0; });
}

/// Models in 16-bit floats are full of casts, and their values are all fp32 here.
bool casts_to_its_own_type(const Graph& graph, const Node& node) {
    if (node.op != "Cast" || node.inputs.size() != 1 || node.outputs.size() != 1) return false;
    if (!node.inputs[0].is_valid() || !node.outputs[0].is_valid()) return false;
    const Value& from = graph.value(node.inputs[0]);
    const Value& to = graph.value(node.outputs[0]);
    return from.has_type && to.has_type && from.type.dtype == to.type.dtype;
}

bool is_identity(const Graph& graph, const Node& node) {
    if (node.op == "Dropout")
        check_inference_mode(graph, node);
    else if (node.op != "Identity" && !pads_nothing(graph, node) && !casts_to_its_own_type(graph, node))
        return false;
    if (has_read_mask(graph, node)) return false;
    return !node.inputs.empty() && node.inputs[0].is_valid() && !node.outputs.empty() && node.outputs[0].is_valid();
}

/// What each value is read as once the identities are gone. Replacements form chains (a row of Identity nodes), which
/// are followed to their end and shortened on the way: a file may have a row of 100,000.
class Replacements {
public:
    explicit Replacements(std::size_t values) {
        for (std::size_t i = 0; i < values; ++i) target_.push_back(make_id<ValueId>(i));
    }
    void replace(ValueId from, ValueId to) { target_[from.index()] = to; }
    [[nodiscard]] ValueId find(ValueId id) {
        while (target_[id.index()] != id) {
            ValueId& next = target_[id.index()];
            next = target_[next.index()];  // halves the way for whoever asks next
            id = next;
        }
        return id;
    }
    [[nodiscard]] std::vector<ValueId> all() {
        std::vector<ValueId> ends;
        for (std::size_t i = 0; i < target_.size(); ++i) ends.push_back(find(make_id<ValueId>(i)));
        return ends;
    }

private:
    std::vector<ValueId> target_;
};

}  // namespace

/// Readers of the output of an Identity, a Dropout, an empty Pad or a Cast that changes nothing read its input instead.
/// Graph inputs and outputs keep their names: when the output is a graph output, the node before it produces it
/// directly; an Identity stays where that is not possible (its input is itself a graph input, a constant or another
/// graph output). Readers of one that stays behind a constant read the constant.
Graph remove_identity(const Graph& graph, const OpLibrary&) {
    GraphBuilder builder(graph);
    Replacements replacements(graph.values().size());
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        if (!is_identity(graph, graph.node(id))) continue;
        // An earlier removal may have changed what this node reads.
        const ValueId input = replacements.find(graph.node(id).inputs[0]);
        const ValueId output = graph.node(id).outputs[0];
        if (!graph.is_output(output)) {
            builder.remove_node(id);
            replacements.replace(output, input);
            continue;
        }
        const NodeId producer = graph.producer(input);
        if (!producer.is_valid() || builder.is_removed(producer) || graph.is_output(input)) {
            builder.node(id) = Node{.name = graph.node(id).name,
                                    .op = "Identity",
                                    .inputs = {input},
                                    .outputs = {output},
                                    .attributes = {}};
            // Operators that take a constant must see one: a shape that the model shows as well.
            if (!graph.value(input).is_constant()) continue;
            for (const Use& use : graph.uses(output)) builder.node(use.node).inputs[use.input] = input;
            continue;
        }
        builder.remove_node(id);
        replacements.replace(input, output);
        // The node in front now writes the graph output by itself.
        for (ValueId& produced : builder.node(producer).outputs) {
            if (produced == input) produced = output;
        }
    }
    builder.replace_all_uses(replacements.all());
    return std::move(builder).build();
}

}  // namespace halftone
