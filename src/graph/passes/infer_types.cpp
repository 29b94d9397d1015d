#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/error.hpp"
#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

// No tensor of a network that fits this machine has more elements; keeps products of dimensions from overflowing.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

std::string output_name(const Graph& graph, const Node& node) {
    for (const ValueId id : node.outputs) {
        if (id.is_valid()) return graph.value(id).name;
    }
    return "";
}

/// describe(), made findable for nodes without a name.
std::string where(const Graph& graph, const Node& node) {
    if (!node.name.empty()) return describe(node);
    return fmt::format("{} (output '{}')", describe(node), output_name(graph, node));
}

void check_shape(const Shape& shape, const std::string& owner) {
    std::int64_t product = 1;
    for (const std::int64_t dim : shape.dims()) {
        if (dim == kSymbolic) continue;
        if (dim < 0) throw ModelError(fmt::format("{}: a dimension is {}", owner, dim));
        if (dim == 0) return;
        if (dim > kMaxElements / product) {
            throw ModelError(fmt::format("{}: shape {} has more than 2^40 elements", owner, shape.to_text()));
        }
        product *= dim;
    }
}

/// Types of ops that only shape the graph; passes remove them, so no kernel library needs to know them.
std::vector<TensorType> infer_structural(const OpContext& op) {
    if (!op.has_input(0)) throw ModelError(describe(op.node) + " has no input");
    std::vector<TensorType> types{op.inputs[0]};
    if (op.node.op == "Dropout") types.push_back({DType::boolean, op.inputs[0].shape});
    return types;
}

std::vector<TensorType> infer_node(const OpContext& op, const OpLibrary& ops) {
    if (ops.knows(op.node.op)) return ops.infer(op);
    if (op.node.op == "Identity" || op.node.op == "Dropout") return infer_structural(op);
    throw ModelError(describe(op.node) + ": the operator is not supported");
}

/// Types by value id, from types of the graph inputs.
std::vector<TensorType> propagate(const Graph& graph, const OpLibrary& ops, std::vector<TensorType> types) {
    for (const Node& node : graph.nodes()) {
        OpContext op{.node = node, .inputs = {}, .constants = {}};
        for (const ValueId id : node.inputs) {
            op.inputs.push_back(id.is_valid() ? types[id.index()] : TensorType{});
            const bool is_constant = id.is_valid() && graph.value(id).is_constant();
            op.constants.push_back(is_constant ? &graph.value(id).constant : nullptr);
        }
        const std::vector<TensorType> outputs = infer_node(op, ops);
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (!node.outputs[i].is_valid()) continue;
            if (i >= outputs.size()) {
                throw ModelError(fmt::format("{} has {} outputs; supported: {}", where(graph, node),
                                             node.outputs.size(), outputs.size()));
            }
            check_shape(outputs[i].shape, where(graph, node));
            types[node.outputs[i].index()] = outputs[i];
        }
    }
    return types;
}

/// Known types of graph inputs and constants; the others are placeholders.
std::vector<TensorType> source_types(const Graph& graph) {
    std::vector<TensorType> types(graph.values().size());
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (graph.values()[i].is_constant()) types[i] = graph.values()[i].constant.type();
    }
    for (const ValueId id : graph.inputs()) {
        if (!graph.value(id).has_type) throw ModelError("graph input '" + graph.value(id).name + "' has no type");
        types[id.index()] = graph.value(id).type;
        check_shape(types[id.index()].shape, "graph input '" + graph.value(id).name + "'");
    }
    return types;
}

}  // namespace

Graph infer_types(const Graph& graph, const OpLibrary& ops) {
    const std::vector<TensorType> types = propagate(graph, ops, source_types(graph));
    GraphBuilder builder(graph);
    for (std::size_t i = 0; i < types.size(); ++i) {
        Value& value = builder.value(make_id<ValueId>(i));
        value.type = types[i];
        value.has_type = true;
    }
    return std::move(builder).build();
}

std::vector<TensorType> bind_batch(const Graph& graph, const OpLibrary& ops, std::int64_t batch) {
    HALFTONE_CHECK(batch > 0, "a batch has at least one sample");
    std::vector<TensorType> types = source_types(graph);
    for (const ValueId id : graph.inputs()) {
        Shape& shape = types[id.index()].shape;
        if (shape.rank() > 0 && shape[0] == kSymbolic) shape[0] = batch;
    }
    return propagate(graph, ops, std::move(types));
}

}  // namespace halftone
