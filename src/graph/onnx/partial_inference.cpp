#include "graph/onnx/partial_inference.hpp"

#include "base/error.hpp"
#include "graph/inference/inference.hpp"

namespace halftone {
namespace {

// A network of 20,000 nodes may ask a hundred times. Without the limit a hostile file could ask once for each node.
constexpr std::size_t kMaxWalkedNodes = 2'000'000;

}  // namespace

std::optional<Shape> PartialInference::shape_of(const GraphBuilder& builder, ValueId id) {
    const Value& value = builder.value(id);
    if (value.has_type) return value.type.shape;
    if (!shapes_.contains(value.name)) infer(builder, id);
    const auto found = shapes_.find(value.name);
    return found == shapes_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Tensor> PartialInference::value_of(const GraphBuilder& builder, ValueId id) {
    const Value& value = builder.value(id);
    if (value.is_constant()) return value.constant;
    if (!values_.contains(value.name)) infer(builder, id);
    const auto found = values_.find(value.name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

// The value is made the only output of a copy, so that what does not lead to it costs nothing and cannot fail.
void PartialInference::infer(const GraphBuilder& builder, ValueId id) {
    walked_nodes_ += builder.node_count();
    if (walked_nodes_ > kMaxWalkedNodes) return;
    try {
        GraphBuilder part = builder;
        part.outputs() = {id};
        const Graph graph = std::move(part).build();
        const Inference inference = infer_values(graph, ops_, source_types(graph));
        for (std::size_t i = 0; i < graph.values().size(); ++i) {
            const std::string& name = graph.values()[i].name;
            shapes_.insert_or_assign(name, inference.types[i].shape);
            const auto& known = inference.known[i];
            if (known && known->is_fixed()) values_.insert_or_assign(name, known->at_probe[0]);
        }
    } catch (const ModelError&) {
        // Nothing is known then. Whoever needs it says so, or the same error comes again when the whole graph is typed.
    }
}

}  // namespace halftone
