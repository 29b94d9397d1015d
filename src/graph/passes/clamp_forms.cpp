// clamp_forms: Max and Min with a constant number become Relu and Clip, the forms that a unit takes as its activation.
// JAX writes Relu as Max(x, 0), and Relu6 is Min(Max(x, 0), 6) in files of Paddle and older TensorFlow converters.
#include <algorithm>
#include <limits>
#include <optional>

#include "graph/builder.hpp"
#include "graph/passes/lib/constant_edit.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

constexpr float kUnlimited = std::numeric_limits<float>::infinity();

/// low <= y <= high; infinite where there is no limit.
struct Clamped {
    ValueId x;
    float low = -kUnlimited;
    float high = kUnlimited;
};

/// What a Max or Min with one number does to its other operand.
std::optional<Clamped> clamp_at(const Graph& graph, const Node& node) {
    if ((node.op != "Max" && node.op != "Min") || node.inputs.size() != 2) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        if (!has_fp32_constant(graph, node, i) || !has_input(node, 1 - i)) continue;
        const Tensor& number = graph.value(node.inputs[i]).constant;
        const Value& x = graph.value(node.inputs[1 - i]);
        // A constant with more axes would give them to the result.
        const bool fits = number.elements() == 1 && number.shape().rank() <= x.type.shape.rank();
        if (!fits || x.is_constant() || number.as<float>()[0] != number.as<float>()[0]) return std::nullopt;
        Clamped clamped{.x = node.inputs[1 - i]};
        (node.op == "Max" ? clamped.low : clamped.high) = number.as<float>()[0];
        return clamped;
    }
    return std::nullopt;
}

void write(GraphBuilder& builder, NodeId id, const Clamped& clamped) {
    if (clamped.low == 0 && clamped.high == kUnlimited) {
        builder.node(id).op = "Relu";
        builder.node(id).inputs = {clamped.x};
        return;
    }
    std::vector<ValueId> inputs{clamped.x, {}, {}};
    const std::string name = builder.value(builder.node(id).outputs[0]).name;
    if (clamped.low != -kUnlimited) {
        inputs[1] = builder.add_constant(builder.fresh_value_name(name + "_min"), Tensor::scalar(clamped.low));
    }
    if (clamped.high != kUnlimited) {
        inputs[2] = builder.add_constant(builder.fresh_value_name(name + "_max"), Tensor::scalar(clamped.high));
    } else {
        inputs.pop_back();
    }
    builder.node(id).op = "Clip";
    builder.node(id).inputs = std::move(inputs);
}

}  // namespace

/// A Max and a Min behind each other become one Clip, if nobody else reads what lies between and the lower limit is not
/// above the upper one.
Graph clamp_forms(const Graph& graph, const OpLibrary&) {
    // In a quantized file a Max keeps other runtimes from quantizing a unit that shall stay in fp32 (exec/README.md).
    if (is_quantized_file(graph)) return graph;
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto id = make_id<NodeId>(n);
        auto clamped = clamp_at(graph, graph.node(id));
        if (!clamped) continue;
        const NodeId before = graph.producer(clamped->x);
        const bool is_chain = before.is_valid() && only_reader(graph, clamped->x) == id && !builder.is_removed(before);
        if (const auto first = is_chain ? clamp_at(graph, graph.node(before)) : std::nullopt) {
            const float low = std::max(first->low, clamped->low);
            const float high = std::min(first->high, clamped->high);
            if (graph.node(before).op != graph.node(id).op && low <= high) {
                *clamped = {first->x, low, high};
                builder.remove_node(before);
            }
        }
        write(builder, id, *clamped);
    }
    return std::move(builder).build();
}

}  // namespace halftone
