#include "graph/raise_opset.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace halftone {
namespace {

constexpr std::int64_t kFirstForm = 13;  // what the importer brings older files to

/// A change of an operator: nodes of graphs below `since` must be rewritten for an operator set from `since` on.
struct FormChange {
    std::int64_t since;
    bool (*concerns)(const Node&);
    void (*apply)(Node&, GraphBuilder&);  ///< null: nothing can be done
};

bool is_reduction_with_axes(const Node& node) {
    return node.op.starts_with("Reduce") && node.op != "ReduceSum" && node.attributes.contains("axes");
}

void move_axes(Node& node, GraphBuilder& builder) {
    const std::vector<std::int64_t> axes = ints_attribute(node, "axes", {});
    const std::string name = builder.fresh_value_name(builder.value(node.outputs[0]).name + "_axes");
    node.inputs.resize(2);
    node.inputs[1] =
        builder.add_constant(name, Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(axes.size())}, axes));
    node.attributes.erase("axes");
}

bool is_split_in_equal_parts(const Node& node) { return node.op == "Split" && !has_input(node, 1); }

void count_parts(Node& node, GraphBuilder&) {
    node.attributes["num_outputs"] = static_cast<std::int64_t>(node.outputs.size());
}

bool is_sample_by_old_mode(const Node& node) {
    if (node.op != "GridSample") return false;
    const std::string mode = string_attribute(node, "mode", "bilinear");
    return mode == "bilinear" || mode == "bicubic";
}

void rename_mode(Node& node, GraphBuilder&) {
    node.attributes["mode"] = std::string(string_attribute(node, "mode", "bilinear") == "bicubic" ? "cubic" : "linear");
}

bool is_roi_align_without_half_pixel(const Node& node) {
    return node.op == "RoiAlign" && !node.attributes.contains("coordinate_transformation_mode");
}

void write_old_default(Node& node, GraphBuilder&) {
    node.attributes["coordinate_transformation_mode"] = std::string("output_half_pixel");
}

bool is_fourier_transform(const Node& node) { return node.op == "DFT"; }

bool is_group_normalization(const Node& node) { return node.op == "GroupNormalization"; }

constexpr FormChange kFormChanges[] = {{16, is_roi_align_without_half_pixel, write_old_default},
                                       {18, is_reduction_with_axes, move_axes},
                                       {18, is_split_in_equal_parts, count_parts},
                                       {20, is_sample_by_old_mode, rename_mode},
                                       {20, is_fourier_transform, nullptr},
                                       {21, is_group_normalization, nullptr}};

/// The change that a node needs on the way from one operator set to a later one; null if none.
const FormChange* find_change(const Node& node, std::int64_t from, std::int64_t to) {
    for (const FormChange& change : kFormChanges) {
        if (from < change.since && change.since <= to && change.concerns(node)) return &change;
    }
    return nullptr;
}

/// A node that stands in the way; null if there is none. @param is_body  nothing can be rewritten in there
const Node* find_obstacle(const Graph& graph, std::int64_t from, std::int64_t to, bool is_body) {
    for (const Node& node : graph.nodes()) {
        const FormChange* change = find_change(node, from, to);
        if (change != nullptr && (is_body || change->apply == nullptr)) return &node;
        if (node.bodies == nullptr) continue;
        for (const auto& [name, body] : node.bodies->graphs) {
            if (const Node* inner = find_obstacle(*body, from, to, true)) return inner;
        }
    }
    return nullptr;
}

void raise_nodes(GraphBuilder& builder, std::int64_t from, std::int64_t to) {
    for (std::size_t n = 0; n < builder.node_count(); ++n) {
        const auto id = make_id<NodeId>(n);
        if (builder.is_removed(id)) continue;
        const FormChange* change = find_change(builder.node(id), from, to);
        if (change != nullptr) change->apply(builder.node(id), builder);
    }
}

}  // namespace

std::string why_not_opset(const Graph& graph, std::int64_t opset) {
    const std::int64_t from = std::max(graph.info().opset, kFirstForm);
    const Node* obstacle = find_obstacle(graph, from, opset, false);
    if (obstacle == nullptr && graph.info().tail != nullptr) {
        obstacle = find_obstacle(*graph.info().tail, from, opset, false);
    }
    if (obstacle == nullptr) return {};
    return describe(*obstacle) + " has another meaning in opset " + std::to_string(opset) + " than in the model's " +
           std::to_string(from) + "; export the model with opset " + std::to_string(opset);
}

void raise_opset(GraphBuilder& builder, std::int64_t opset) {
    const std::int64_t from = std::max(builder.info().opset, kFirstForm);
    if (from >= opset) return;
    raise_nodes(builder, from, opset);
    if (builder.info().tail != nullptr) {
        GraphBuilder tail(*builder.info().tail);
        raise_nodes(tail, from, opset);
        builder.info().tail = std::make_shared<const Graph>(std::move(tail).build());
    }
    builder.info().opset = opset;
}

}  // namespace halftone
