#include "graph/onnx/upgrade.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/error.hpp"

namespace halftone {
namespace {

std::string first_output(const Node& node, const UpgradeContext& context) {
    for (const ValueId id : node.outputs) {
        if (id.is_valid()) return context.builder.value(id).name;
    }
    return node.op;
}

/// Puts a constant where an attribute of the old form was.
void set_constant_input(Node& node, std::size_t input, const std::string& suffix, Tensor tensor,
                        UpgradeContext& context) {
    const std::string name = first_output(node, context) + "_" + suffix;
    if (node.inputs.size() <= input) node.inputs.resize(input + 1);
    node.inputs[input] = context.builder.add_constant(context.builder.fresh_value_name(name), std::move(tensor));
}

void ints_to_input(Node& node, const std::string& attribute, UpgradeContext& context) {
    if (!node.attributes.contains(attribute)) return;  // optional in both forms
    const std::vector<std::int64_t> values = ints_attribute(node, attribute, {});
    const Shape shape{static_cast<std::int64_t>(values.size())};
    set_constant_input(node, 1, attribute, Tensor::of<std::int64_t>(shape, values), context);
    node.attributes.erase(attribute);
}

/// 13: the attribute axes became an input.
void upgrade_axes(Node& node, UpgradeContext& context) { ints_to_input(node, "axes", context); }

/// 13: the attribute split became an input.
void upgrade_split(Node& node, UpgradeContext& context) { ints_to_input(node, "split", context); }

/// 12: the attribute ratio became an input.
void upgrade_dropout(Node& node, UpgradeContext& context) {
    if (!node.attributes.contains("ratio")) return;
    const float ratio = float_attribute(node, "ratio", 0.5F);
    set_constant_input(node, 1, "ratio", Tensor::scalar(ratio), context);
    node.attributes.erase("ratio");
}

std::optional<Shape> declared_shape(const Node& node, const UpgradeContext& context) {
    // Softmax keeps the shape, so the input's or the output's declaration will do.
    for (const auto* ids : {&node.inputs, &node.outputs}) {
        if (ids->empty() || !ids->front().is_valid()) continue;
        const auto found = context.shapes.find(context.builder.value(ids->front()).name);
        if (found != context.shapes.end()) return found->second;
    }
    return std::nullopt;
}

/// The shape that Reshape needs to undo Flatten: at most one symbolic dimension, as -1.
Tensor unflatten_shape(const Node& node, const Shape& shape) {
    std::size_t symbolic = 0;
    for (const std::int64_t dim : shape.dims()) symbolic += dim == kSymbolic ? 1 : 0;
    if (symbolic > 1)
        throw ModelError(fmt::format("{}: shape {} has several unknown dimensions", describe(node), shape.to_text()));
    const auto rank = static_cast<std::int64_t>(shape.rank());
    return Tensor::of<std::int64_t>(Shape{rank}, shape.dims());
}

/// 13: axis means that axis (default -1). Before: the input was flattened to 2-D at axis (default 1) and normalised
/// over the second dimension, which is the same only for the last axis. Otherwise: Flatten, Softmax, Reshape.
void upgrade_softmax(Node& node, UpgradeContext& context) {
    if (node.inputs.empty() || !node.inputs[0].is_valid()) throw ModelError(describe(node) + " has no input");
    const std::int64_t old_axis = int_attribute(node, "axis", 1);
    const auto shape = declared_shape(node, context);
    if (old_axis != -1 && !shape) {
        throw ModelError(
            fmt::format("{}: before opset 13 its meaning depends on the input's rank, which the file does not declare; "
                        "export the model with opset 13 or later",
                        describe(node)));
    }
    const std::int64_t rank = shape ? static_cast<std::int64_t>(shape->rank()) : 0;
    const std::int64_t axis = old_axis < 0 ? old_axis + rank : old_axis;
    if (old_axis == -1 || axis == rank - 1) {
        node.attributes["axis"] = std::int64_t{-1};
        return;
    }
    if (axis < 0 || axis > rank) {
        throw ModelError(fmt::format("{}: axis {} is outside of shape {}", describe(node), old_axis, shape->to_text()));
    }
    GraphBuilder& builder = context.builder;
    const std::string output = first_output(node, context);
    const ValueId flat = builder.add_value(builder.fresh_value_name(output + "_flat"));
    const ValueId result = builder.add_value(builder.fresh_value_name(output + "_flat_result"));
    const ValueId target =
        builder.add_constant(builder.fresh_value_name(output + "_shape"), unflatten_shape(node, *shape));
    builder.add_node({.name = node.name.empty() ? "" : node.name + "_flatten",
                      .op = "Flatten",
                      .inputs = {node.inputs[0]},
                      .outputs = {flat},
                      .attributes = {{"axis", axis}}});
    builder.add_node({.name = node.name.empty() ? "" : node.name + "_reshape",
                      .op = "Reshape",
                      .inputs = {result, target},
                      .outputs = node.outputs,
                      .attributes = {}});
    node.inputs = {flat};
    node.outputs = {result};
    node.attributes["axis"] = std::int64_t{-1};
}

/// Only the inference form exists in the graph: one output, no training_mode (14), which opset 13 does not have.
void normalise_batch_norm(Node& node, UpgradeContext&) {
    if (int_attribute(node, "training_mode", 0) != 0) {
        throw ModelError(describe(node) + ": training_mode must be 0; export the model in evaluation mode");
    }
    node.attributes.erase("training_mode");
    for (std::size_t i = 1; i < node.outputs.size(); ++i) {
        if (node.outputs[i].is_valid()) {
            throw ModelError(describe(node) + ": has training outputs; export the model in evaluation mode");
        }
    }
    if (!node.outputs.empty()) node.outputs.resize(1);
}

struct Upgrade {
    std::string_view op;
    std::int64_t below;  ///< applies to files of a smaller opset
    void (*apply)(Node&, UpgradeContext&);
};

constexpr std::int64_t kAlways = 1000;

// Source: ONNX's Changelog.md, one row per operator whose form changed between opsets 11 and 13.
constexpr auto kUpgrades = std::to_array<Upgrade>({
    {"BatchNormalization", kAlways, normalise_batch_norm},
    {"Dropout", 12, upgrade_dropout},
    {"Hardmax", 13, upgrade_softmax},
    {"LogSoftmax", 13, upgrade_softmax},
    {"ReduceSum", 13, upgrade_axes},
    {"Softmax", 13, upgrade_softmax},
    {"Split", 13, upgrade_split},
    {"Squeeze", 13, upgrade_axes},
    {"Unsqueeze", 13, upgrade_axes},
});

}  // namespace

void upgrade_node(Node& node, UpgradeContext& context) {
    for (const Upgrade& upgrade : kUpgrades) {
        if (upgrade.op == node.op && context.opset < upgrade.below) upgrade.apply(node, context);
    }
}

}  // namespace halftone
