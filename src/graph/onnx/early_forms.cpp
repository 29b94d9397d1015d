// Operator sets 1 to 6: a function for each operator that was different, and the table of all that are known.
//
//   upgrade_early_binary, _p_relu, _gemm   operands were broadcast by attributes (append_dimensions)
//   upgrade_early_norm                     an attribute told inference from training
//   upgrade_early_reshape, _pad, _cast     attributes that became inputs, or got another name or type
//   keep_form                              operators that meant then what they mean today
//
// Source: ONNX's Changelog.md, operator sets 1 to 7.
#include "graph/onnx/early_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"

namespace halftone {
namespace {

void keep_form(Node&, UpgradeContext&) {}

/// Returns the rank of an input, or nothing if it is not known.
std::optional<std::size_t> early_rank(const Node& node, std::size_t input, const UpgradeContext& context) {
    if (!has_input(node, input)) throw ModelError(fmt::format("{} has no input {}", describe(node), input));
    const auto shape = context.shape_of(node.inputs[input]);
    return shape ? std::optional(shape->rank()) : std::nullopt;
}

/// Appends `count` dimensions of 1 to an input: what begins at an axis of the other operand then ends with it.
void append_dimensions(Node& node, std::size_t input, std::size_t rank, std::size_t count, UpgradeContext& context) {
    if (count == 0) return;
    GraphBuilder& builder = context.builder;
    const std::string stem = first_output_name(node, context);
    std::vector<std::int64_t> places;
    for (std::size_t d = rank; d < rank + count; ++d) places.push_back(static_cast<std::int64_t>(d));
    const ValueId axes =
        builder.add_constant(builder.fresh_value_name(stem + "_axes"),
                             Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(places.size())}, places));
    const ValueId wide = builder.add_value(builder.fresh_value_name(stem + "_operand"));
    builder.add_node(
        {.name = "", .op = "Unsqueeze", .inputs = {node.inputs[input], axes}, .outputs = {wide}, .attributes = {}});
    node.inputs[input] = wide;
}

/// Before 7: the second operand was broadcast only with the attribute broadcast, from the attribute axis on.
void upgrade_early_binary(Node& node, UpgradeContext& context) {
    const bool broadcasts = int_attribute(node, "broadcast", 0) != 0;
    const bool has_axis = node.attributes.contains("axis");
    const std::int64_t axis = int_attribute(node, "axis", 0);
    node.attributes.erase("broadcast");
    node.attributes.erase("axis");
    // Without an axis the last dimensions are matched, as today.
    if (!broadcasts || !has_axis) return;
    const auto left = early_rank(node, 0, context);
    const auto right = early_rank(node, 1, context);
    if (!left || !right) throw ModelError(describe(node) + ": attribute 'axis' needs operands of known shapes");
    const std::int64_t first = axis < 0 ? axis + static_cast<std::int64_t>(*left) : axis;
    const std::int64_t rest = static_cast<std::int64_t>(*left) - first - static_cast<std::int64_t>(*right);
    if (first < 0 || rest < 0) throw ModelError(fmt::format("{}: axis {} does not fit", describe(node), axis));
    append_dimensions(node, 1, *right, static_cast<std::size_t>(rest), context);
}

/// Before 7: a slope of one dimension belonged to the channels.
void upgrade_early_p_relu(Node& node, UpgradeContext& context) {
    const auto input = early_rank(node, 0, context);
    const auto slope = early_rank(node, 1, context);
    if (!input || !slope) throw ModelError(describe(node) + " needs operands of known shapes");
    if (*slope == 1 && *input > 2) append_dimensions(node, 1, 1, *input - 2, context);
}

void upgrade_early_gemm(Node& node, UpgradeContext&) { node.attributes.erase("broadcast"); }

/// Before 7: is_test said that the statistics are constants. A node with one output can mean nothing else.
void upgrade_early_norm(Node& node, UpgradeContext&) {
    if (int_attribute(node, "is_test", 0) == 0 && node.outputs.size() > 1) {
        throw ModelError(describe(node) + ": is_test 0, which means training, is not supported");
    }
    node.attributes.erase("is_test");
}

/// 5: the attribute shape became an input.
void upgrade_early_reshape(Node& node, UpgradeContext& context) {
    if (context.opset >= 5) return;
    const std::vector<std::int64_t> dims = ints_attribute(node, "shape", {});
    const std::string name = context.builder.fresh_value_name(first_output_name(node, context) + "_shape");
    node.inputs.resize(2);
    node.inputs[1] = context.builder.add_constant(
        name, Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(dims.size())}, dims));
    node.attributes.erase("shape");
}

/// 2: paddings became pads.
void upgrade_early_pad(Node& node, UpgradeContext&) {
    const auto paddings = node.attributes.extract("paddings");
    if (!paddings.empty()) node.attributes["pads"] = paddings.mapped();
}

/// 4: the default of axis went.
void upgrade_early_concat(Node& node, UpgradeContext&) { node.attributes.emplace("axis", std::int64_t{1}); }

/// 6: the target type became a number. Source: onnx.proto, TensorProto.DataType.
void upgrade_early_cast(Node& node, UpgradeContext&) {
    const auto to = node.attributes.find("to");
    if (to == node.attributes.end() || !std::holds_alternative<std::string>(to->second)) return;
    constexpr auto kWords = std::to_array<std::pair<std::string_view, std::int64_t>>({{"FLOAT", 1},
                                                                                      {"UINT8", 2},
                                                                                      {"INT8", 3},
                                                                                      {"INT32", 6},
                                                                                      {"INT64", 7},
                                                                                      {"BOOL", 9},
                                                                                      {"FLOAT16", 1},
                                                                                      {"DOUBLE", 11}});
    for (const auto& [word, number] : kWords) {
        if (word == std::get<std::string>(to->second)) {
            to->second = number;
            return;
        }
    }
    throw ModelError(fmt::format("{}: type '{}' is not supported", describe(node), std::get<std::string>(to->second)));
}

struct EarlyForm {
    std::string_view op;
    void (*apply)(Node&, UpgradeContext&);
};

constexpr auto kEarlyForms = std::to_array<EarlyForm>({
    {"Abs", keep_form},
    {"Add", upgrade_early_binary},
    {"And", upgrade_early_binary},
    {"ArgMax", keep_form},
    {"ArgMin", keep_form},
    {"AveragePool", keep_form},
    {"BatchNormalization", upgrade_early_norm},
    {"Cast", upgrade_early_cast},
    {"Ceil", keep_form},
    {"Clip", keep_form},
    {"Concat", upgrade_early_concat},
    {"Constant", keep_form},
    {"Conv", keep_form},
    {"ConvTranspose", keep_form},
    {"DepthToSpace", keep_form},
    {"Div", upgrade_early_binary},
    {"Dropout", upgrade_early_norm},
    {"Elu", keep_form},
    {"Equal", upgrade_early_binary},
    {"Exp", keep_form},
    {"Flatten", keep_form},
    {"Floor", keep_form},
    {"Gather", keep_form},
    {"Gemm", upgrade_early_gemm},
    {"GlobalAveragePool", keep_form},
    {"GlobalMaxPool", keep_form},
    {"Greater", upgrade_early_binary},
    {"HardSigmoid", keep_form},
    {"Hardmax", keep_form},
    {"Identity", keep_form},
    {"InstanceNormalization", keep_form},
    {"LRN", keep_form},
    {"LeakyRelu", keep_form},
    {"Less", upgrade_early_binary},
    {"Log", keep_form},
    {"LogSoftmax", keep_form},
    {"MatMul", keep_form},
    {"Max", keep_form},
    {"MaxPool", keep_form},
    {"Mean", keep_form},
    {"Min", keep_form},
    {"Mul", upgrade_early_binary},
    {"Neg", keep_form},
    {"Not", keep_form},
    {"Or", upgrade_early_binary},
    {"PRelu", upgrade_early_p_relu},
    {"Pad", upgrade_early_pad},
    {"Pow", upgrade_early_binary},
    {"Reciprocal", keep_form},
    {"ReduceL1", keep_form},
    {"ReduceL2", keep_form},
    {"ReduceMax", keep_form},
    {"ReduceMean", keep_form},
    {"ReduceMin", keep_form},
    {"ReduceProd", keep_form},
    {"ReduceSum", keep_form},
    {"Relu", keep_form},
    {"Reshape", upgrade_early_reshape},
    {"Shape", keep_form},
    {"Sigmoid", keep_form},
    {"Size", keep_form},
    {"Slice", keep_form},
    {"Softmax", keep_form},
    {"Softplus", keep_form},
    {"Softsign", keep_form},
    {"SpaceToDepth", keep_form},
    {"Split", keep_form},
    {"Sqrt", keep_form},
    {"Squeeze", keep_form},
    {"Sub", upgrade_early_binary},
    {"Sum", keep_form},
    {"Tanh", keep_form},
    {"Transpose", keep_form},
    {"Unsqueeze", keep_form},
    {"Xor", upgrade_early_binary},
});

}  // namespace

void upgrade_early_node(Node& node, UpgradeContext& context) {
    const auto form = std::find_if(kEarlyForms.begin(), kEarlyForms.end(),
                                   [&node](const EarlyForm& candidate) { return candidate.op == node.op; });
    if (form == kEarlyForms.end()) {
        throw ModelError(fmt::format("{}: its meaning in operator set {} is not known; supported from {} on",
                                     describe(node), context.opset, kFirstModernOpset));
    }
    // A hint about memory, which nobody followed.
    node.attributes.erase("consumed_inputs");
    form->apply(node, context);
}

}  // namespace halftone
