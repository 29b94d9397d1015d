// Upgrades: nodes of older operator sets in their opset-13 form, so that the rest of the program knows one form of each
// operator. One function per operator, and the table kUpgrades that says for which files it applies.
//
//   upgrade_clip, upgrade_pad, upgrade_slice …   attributes became inputs (set_constant_input)
//   upgrade_resize, upgrade_upsample             two operators became one
//   upgrade_softmax                              the meaning of `axis` changed (flatten_softmax is the general case)
//   normalise_batch_norm                         training forms are refused
//   split_quantized                              QLinearConv and QLinearMatMul as dequantize, operator, quantize
//   raise_form                                   nodes of functions, in the form of the graph's own operator set
//
// Operator sets before 7 are in early_forms.cpp.
#include "graph/onnx/upgrade.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/error.hpp"
#include "graph/onnx/early_forms.hpp"

namespace halftone {
namespace {

/// Puts a constant where an attribute of the old form was.
void set_constant_input(Node& node, std::size_t input, const std::string& suffix, Tensor tensor,
                        UpgradeContext& context) {
    const std::string name = first_output_name(node, context) + "_" + suffix;
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

/// 20: the axis became an input, with another default.
void upgrade_dft(Node& node, UpgradeContext&) { node.attributes.try_emplace("axis", std::int64_t{1}); }

/// 16: the attribute came, with a default that is not what the operator meant before. The default is written down, and
/// without the attribute the operator is the old one.
void upgrade_roi_align(Node& node, UpgradeContext& context) {
    if (context.opset < 16) return;
    node.attributes.try_emplace("coordinate_transformation_mode", std::string("half_pixel"));
}

/// 12: the attribute ratio became an input.
void upgrade_dropout(Node& node, UpgradeContext& context) {
    if (!node.attributes.contains("ratio")) return;
    const float ratio = float_attribute(node, "ratio", 0.5F);
    set_constant_input(node, 1, "ratio", Tensor::scalar(ratio), context);
    node.attributes.erase("ratio");
}

/// 11: the attributes min and max became inputs.
void upgrade_clip(Node& node, UpgradeContext& context) {
    for (const auto& [name, input] : {std::pair{"min", 1U}, std::pair{"max", 2U}}) {
        if (!node.attributes.contains(name)) continue;
        set_constant_input(node, input, name, Tensor::scalar(float_attribute(node, name, 0.0F)), context);
        node.attributes.erase(name);
    }
}

/// As ints_to_input, for an attribute that the old form must have and for any input.
void list_to_input(Node& node, const std::string& attribute, std::size_t input, UpgradeContext& context) {
    const std::vector<std::int64_t> values = ints_attribute(node, attribute, {});
    const Shape shape{static_cast<std::int64_t>(values.size())};
    set_constant_input(node, input, attribute, Tensor::of<std::int64_t>(shape, values), context);
    node.attributes.erase(attribute);
}

/// 10: the attributes starts, ends and axes became inputs.
void upgrade_slice(Node& node, UpgradeContext& context) {
    list_to_input(node, "starts", 1, context);
    list_to_input(node, "ends", 2, context);
    if (node.attributes.contains("axes")) list_to_input(node, "axes", 3, context);
}

/// 11: the attributes pads and value became inputs.
void upgrade_pad(Node& node, UpgradeContext& context) {
    list_to_input(node, "pads", 1, context);
    if (!node.attributes.contains("value")) return;
    set_constant_input(node, 2, "value", Tensor::scalar(float_attribute(node, "value", 0.0F)), context);
    node.attributes.erase("value");
}

/// 11: an input roi before the scales, and words for what Resize-10 and Upsample did: x / scale, rounded down.
void upgrade_resize(Node& node, UpgradeContext&) {
    if (node.inputs.size() != 2) throw ModelError(describe(node) + " must have the inputs X and scales");
    node.inputs = {node.inputs[0], ValueId{}, node.inputs[1]};
    // The old operator had no words for what it did. Without them the new one would align pixels by their centres.
    node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
    node.attributes["nearest_mode"] = std::string("floor");
}

/// 9: the attribute scales became an input. Upsample itself is Resize under another name.
void upgrade_upsample(Node& node, UpgradeContext& context) {
    if (const auto scales = node.attributes.find("scales"); scales != node.attributes.end()) {
        const auto* values = std::get_if<std::vector<float>>(&scales->second);
        if (values == nullptr) throw ModelError(describe(node) + ": attribute 'scales' must be a list of floats");
        const Shape shape{static_cast<std::int64_t>(values->size())};
        set_constant_input(node, 1, "scales", Tensor::of<float>(shape, *values), context);
        node.attributes.erase("scales");
    }
    node.op = "Resize";
    upgrade_resize(node, context);
}

/// Softmax keeps the shape, so the input's or the output's will do.
std::optional<Shape> softmax_shape(const Node& node, const UpgradeContext& context) {
    for (const auto* ids : {&node.inputs, &node.outputs}) {
        if (ids->empty() || !ids->front().is_valid()) continue;
        if (auto shape = context.shape_of(ids->front())) return shape;
    }
    return std::nullopt;
}

/// What Reshape needs to undo Flatten: a constant with at most one symbolic dimension, as -1; else the shape of the
/// input when it runs.
ValueId unflatten_shape(const Node& node, const std::optional<Shape>& shape, UpgradeContext& context) {
    GraphBuilder& builder = context.builder;
    const std::string name = builder.fresh_value_name(first_output_name(node, context) + "_shape");
    std::size_t symbolic = 0;
    if (shape) {
        for (const std::int64_t dim : shape->dims()) symbolic += dim == kSymbolic ? 1 : 0;
    }
    if (shape && symbolic <= 1) {
        const auto rank = static_cast<std::int64_t>(shape->rank());
        return builder.add_constant(name, Tensor::of<std::int64_t>(Shape{rank}, shape->dims()));
    }
    const ValueId computed = builder.add_value(name);
    builder.add_node({.name = "", .op = "Shape", .inputs = {node.inputs[0]}, .outputs = {computed}, .attributes = {}});
    return computed;
}

/// The general case of a Softmax before 13, in the words of its definition: Flatten, Softmax, Reshape. The middle node
/// keeps the name, so that reports still find it.
void flatten_softmax(Node& node, std::int64_t axis, const std::optional<Shape>& shape, UpgradeContext& context) {
    GraphBuilder& builder = context.builder;
    const std::string output = first_output_name(node, context);
    const ValueId flat = builder.add_value(builder.fresh_value_name(output + "_flat"));
    const ValueId result = builder.add_value(builder.fresh_value_name(output + "_flat_result"));
    const ValueId target = unflatten_shape(node, shape, context);
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

/// 13: axis means that axis (default -1). Before: the input was flattened to 2-D at axis (default 1) and normalised
/// over the second dimension, which is the same only for the last axis.
void upgrade_softmax(Node& node, UpgradeContext& context) {
    if (node.inputs.empty() || !node.inputs[0].is_valid()) throw ModelError(describe(node) + " has no input");
    const std::int64_t old_axis = int_attribute(node, "axis", 1);
    if (old_axis == -1) return;
    const auto shape = softmax_shape(node, context);
    if (!shape) return flatten_softmax(node, old_axis, shape, context);
    const auto rank = static_cast<std::int64_t>(shape->rank());
    const std::int64_t axis = old_axis < 0 ? old_axis + rank : old_axis;
    if (axis < 0 || axis > rank) {
        throw ModelError(fmt::format("{}: axis {} is outside of shape {}", describe(node), old_axis, shape->to_text()));
    }
    if (axis == rank - 1) {
        node.attributes["axis"] = std::int64_t{-1};
        return;
    }
    flatten_softmax(node, axis, shape, context);
}

/// 10: the attribute k became an input.
void upgrade_top_k(Node& node, UpgradeContext& context) {
    if (!node.attributes.contains("k")) return;
    const std::vector<std::int64_t> count{int_attribute(node, "k", 0)};
    set_constant_input(node, 1, "k", Tensor::of<std::int64_t>(Shape{1}, count), context);
    node.attributes.erase("k");
}

/// 11: Scatter got the name ScatterElements. Its form never changed.
void upgrade_scatter(Node& node, UpgradeContext&) { node.op = "ScatterElements"; }

/// Only the inference form exists in the graph: one output, no training_mode (14), which opset 13 does not have.
void normalise_batch_norm(Node& node, UpgradeContext&) {
    if (int_attribute(node, "training_mode", 0) != 0) {
        throw ModelError(describe(node) + ": training_mode must be 0; export the model in evaluation mode");
    }
    // Opset 7 and 8 could normalize each pixel by statistics of its own; no exporter in use writes that.
    if (int_attribute(node, "spatial", 1) != 1) {
        throw ModelError(describe(node) + ": spatial 0, statistics of each pixel, is not supported");
    }
    node.attributes.erase("training_mode");
    node.attributes.erase("spatial");
    for (std::size_t i = 1; i < node.outputs.size(); ++i) {
        if (node.outputs[i].is_valid()) {
            throw ModelError(describe(node) + ": has training outputs; export the model in evaluation mode");
        }
    }
    if (!node.outputs.empty()) node.outputs.resize(1);
}

struct Linear {
    ValueId scale;
    ValueId zero_point;
};

/// A DequantizeLinear (or, for an output, QuantizeLinear) node of the same file, named after `node`.
ValueId add_linear(const Node& node, const std::string& op, const std::string& part, ValueId from, Linear linear,
                   ValueId to, std::int64_t axis, GraphBuilder& builder) {
    const std::string suffix = "_" + part + "_" + op;
    builder.add_node({.name = node.name.empty() ? "" : builder.fresh_node_name(node.name + suffix),
                      .op = op,
                      .inputs = {from, linear.scale, linear.zero_point},
                      .outputs = {to},
                      .attributes = {{"axis", axis}}});
    return to;
}

/// The QOperator form, x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point, as what it means: the real
/// operator between DequantizeLinear and QuantizeLinear, which the executor runs on codes. `axis` is the weights'.
void split_quantized(Node& node, const std::string& real_op, std::int64_t axis, UpgradeContext& context) {
    if (node.inputs.size() < 8 || node.outputs.size() != 1) {
        throw ModelError(describe(node) + " must have at least 8 inputs and one output");
    }
    GraphBuilder& builder = context.builder;
    const std::string name = first_output_name(node, context);
    const auto fresh = [&](const char* part) { return builder.add_value(builder.fresh_value_name(name + part)); };
    const std::vector<ValueId> in = node.inputs;
    const ValueId x = add_linear(node, "DequantizeLinear", "x", in[0], {in[1], in[2]}, fresh("_x"), 1, builder);
    const ValueId w = add_linear(node, "DequantizeLinear", "w", in[3], {in[4], in[5]}, fresh("_w"), axis, builder);
    std::vector<ValueId> inputs{x, w};
    if (in.size() > 8 && in[8].is_valid()) {
        // QLinearConv's bias is int32 with the scale x_scale * w_scale. The product becomes a node, because the scales
        // need not be constants yet.
        const ValueId scale = fresh("_bias_scale");
        builder.add_node({.name = "", .op = "Mul", .inputs = {in[1], in[4]}, .outputs = {scale}, .attributes = {}});
        inputs.push_back(add_linear(node, "DequantizeLinear", "bias", in[8], {scale, {}}, fresh("_bias"), 0, builder));
    }
    const ValueId real = fresh("_real");
    add_linear(node, "QuantizeLinear", "y", real, {in[6], in[7]}, node.outputs[0], 1, builder);
    node.op = real_op;
    node.inputs = std::move(inputs);
    node.outputs = {real};
}

void split_quantized_conv(Node& node, UpgradeContext& context) { split_quantized(node, "Conv", 0, context); }
void split_quantized_product(Node& node, UpgradeContext& context) { split_quantized(node, "MatMul", -1, context); }

/// 18: axes of the reductions became an input; and Split must say into how many parts it splits. Nodes of the graph's
/// own operator set have the form that they need; only functions may bring older ones.
void raise_form(Node& node, UpgradeContext& context) {
    constexpr std::int64_t kAxesAreInput = 18;
    if (context.opset >= kAxesAreInput || context.target < kAxesAreInput) return;
    if (node.op.starts_with("Reduce") && node.op != "ReduceSum") {
        ints_to_input(node, "axes", context);
    } else if (node.op == "Split" && !has_input(node, 1)) {
        node.attributes["num_outputs"] = static_cast<std::int64_t>(node.outputs.size());
    }
}

struct Upgrade {
    std::string_view op;
    std::int64_t below;  ///< applies to files of a smaller opset
    void (*apply)(Node&, UpgradeContext&);
};

constexpr std::int64_t kAlways = 1000;

// Source: ONNX's Changelog.md, one row per operator whose form changed between opsets 7 and 13.
constexpr auto kUpgrades = std::to_array<Upgrade>({
    {"BatchNormalization", kAlways, normalise_batch_norm},
    {"Clip", 11, upgrade_clip},
    {"DFT", 20, upgrade_dft},
    {"Dropout", 12, upgrade_dropout},
    {"Hardmax", 13, upgrade_softmax},
    {"LogSoftmax", 13, upgrade_softmax},
    {"Pad", 11, upgrade_pad},
    {"QLinearConv", kAlways, split_quantized_conv},
    {"QLinearMatMul", kAlways, split_quantized_product},
    {"ReduceSum", 13, upgrade_axes},
    {"Resize", 11, upgrade_resize},
    {"RoiAlign", kAlways, upgrade_roi_align},
    {"Scatter", kAlways, upgrade_scatter},
    {"Slice", 10, upgrade_slice},
    {"Softmax", 13, upgrade_softmax},
    {"Split", 13, upgrade_split},
    {"Squeeze", 13, upgrade_axes},
    {"TopK", 10, upgrade_top_k},
    {"Unsqueeze", 13, upgrade_axes},
    {"Upsample", kAlways, upgrade_upsample},
});

}  // namespace

std::string first_output_name(const Node& node, const UpgradeContext& context) {
    for (const ValueId id : node.outputs) {
        if (id.is_valid()) return context.builder.value(id).name;
    }
    return node.op;
}

// At most one row applies. An operator without a row has the same form in all
// opsets from 7 to 13.
void upgrade_node(Node& node, UpgradeContext& context) {
    if (context.opset < kFirstModernOpset) upgrade_early_node(node, context);
    for (const Upgrade& upgrade : kUpgrades) {
        if (upgrade.op == node.op && context.opset < upgrade.below) {
            upgrade.apply(node, context);
            break;
        }
    }
    raise_form(node, context);
}

}  // namespace halftone
