// Element-wise operators, products of matrices, and reductions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "import/mxnet/layer.hpp"

namespace halftone {
namespace {

/// ONNX's operator of the same meaning with any number of inputs: two arrays that broadcast, or a sum of many.
void same_arithmetic(MxnetLayer& layer) {
    (void)layer.input(0);
    layer.finish(layer.emit(layer.argument(), layer.inputs()));
}

/// _mul_scalar(x, scalar=2.0). The row's word says the operator, with '~' in front where the scalar comes first.
void with_scalar(MxnetLayer& layer) {
    std::string op = layer.argument();
    const bool is_scalar_first = op.starts_with('~');
    if (is_scalar_first) op.erase(0, 1);
    const ValueId scalar = layer.scalar(layer.attributes.number("scalar", 1.0F), "scalar");
    layer.finish(is_scalar_first ? layer.emit(op, {scalar, layer.input(0)}) : layer.emit(op, {layer.input(0), scalar}));
}

/// Mul, because Pow with a constant would be computed by a slower kernel.
void square(MxnetLayer& layer) { layer.finish(layer.emit("Mul", {layer.input(0), layer.input(0)})); }

/// 1 / sqrt(x), which ONNX has in two steps.
void reciprocal_root(MxnetLayer& layer) {
    layer.finish(layer.emit("Reciprocal", {layer.emit("Sqrt", {layer.input(0)}, {}, "sqrt")}));
}

/// x / sqrt(size of the last axis), which attention divides its scores by.
void div_sqrt_dim(MxnetLayer& layer) {
    // The size becomes a constant here. So the last axis must be known now; only the batch may stay open.
    const Shape shape = layer.shape(layer.input(0));
    if (shape.rank() == 0 || shape[shape.rank() - 1] < 1) layer.refuse("the size of its last axis cannot be told");
    const auto size = static_cast<float>(shape[shape.rank() - 1]);
    layer.finish(layer.emit("Div", {layer.input(0), layer.scalar(std::sqrt(size), "sqrt_dim")}));
}

/// Products of matrices in [batch, rows, columns], each of them perhaps transposed.
void batch_dot(MxnetLayer& layer) {
    const std::vector<std::int64_t> swap{0, 2, 1};
    ValueId a = layer.input(0);
    ValueId b = layer.input(1);
    if (layer.attributes.flag("transpose_a", false)) a = layer.emit("Transpose", {a}, {{"perm", swap}}, "transpose_a");
    if (layer.attributes.flag("transpose_b", false)) b = layer.emit("Transpose", {b}, {{"perm", swap}}, "transpose_b");
    layer.finish(layer.emit("MatMul", {a, b}));
}

/// The last axis of the first array with the first axis of the second: MatMul, if the second is a matrix.
void dot(MxnetLayer& layer) {
    layer.require_default("transpose_a", "False");
    layer.require_default("transpose_b", "False");
    // For more dimensions MXNet's dot sums over the first axis of the second array, and MatMul over the one before the
    // last: they agree for matrices only.
    if (layer.shape(layer.input(1)).rank() != 2) layer.refuse("its second array is no matrix, which is not supported");
    layer.finish(layer.emit("MatMul", {layer.input(0), layer.input(1)}));
}

/// Returns the axes that are reduced; empty: all. `exclude` means all others.
std::vector<std::int64_t> reduced_axes(const MxnetLayer& layer) {
    std::vector<std::int64_t> axes = layer.attributes.integers("axis");
    if (!layer.attributes.flag("exclude", false)) return axes;
    // Negative axes are counted from the end first, because they are compared with 0, 1, 2, … below.
    for (std::int64_t& axis : axes) axis = layer.axis(axis, layer.input(0));
    std::vector<std::int64_t> others(layer.shape(layer.input(0)).rank());
    std::iota(others.begin(), others.end(), 0);
    std::erase_if(others, [&](std::int64_t axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); });
    if (others.empty()) layer.refuse("exclude leaves no axis to reduce");
    return others;
}

/// Without keepdims the axes disappear, as in NumPy.
void reduction(MxnetLayer& layer) {
    const std::vector<std::int64_t> axes = reduced_axes(layer);
    Attributes attributes{{"keepdims", std::int64_t{layer.attributes.flag("keepdims", false) ? 1 : 0}}};
    std::vector<ValueId> inputs{layer.input(0)};
    // At operator set 17 the axes of ReduceSum are an input already, those of its sisters still an attribute.
    if (!axes.empty() && layer.argument() == "ReduceSum") {
        inputs.push_back(layer.numbers(axes, "axes"));
    } else if (!axes.empty()) {
        attributes["axes"] = axes;
    }
    layer.finish(layer.emit(layer.argument(), inputs, attributes));
}

/// Types of indices and masks; between floats a Cast changes nothing here.
void cast(MxnetLayer& layer) {
    // ONNX's numbers of element types. float16 and float64 are computed in fp32, like everything else.
    constexpr std::pair<const char*, std::int64_t> kTypes[] = {{"float32", 1}, {"float16", 1}, {"float64", 1},
                                                               {"uint8", 2},   {"int8", 3},    {"int32", 6},
                                                               {"int64", 7},   {"bool", 9}};
    const std::string type = layer.attributes.word("dtype", "float32");
    for (const auto& [word, number] : kTypes) {
        if (type == word) return layer.finish(layer.emit("Cast", {layer.input(0)}, {{"to", number}}));
    }
    layer.refuse("dtype " + type + " is not supported");
}

// MXNet has an operator for arrays of one shape and one for arrays that broadcast, each with one or two older names.
constexpr MxnetRule kArithmeticRules[] = {
    {"elemwise_add", &same_arithmetic, "Add"},
    {"broadcast_add", &same_arithmetic, "Add"},
    {"broadcast_plus", &same_arithmetic, "Add"},
    {"_Plus", &same_arithmetic, "Add"},
    {"_plus", &same_arithmetic, "Add"},
    {"_add", &same_arithmetic, "Add"},
    {"_grad_add", &same_arithmetic, "Add"},
    {"elemwise_sub", &same_arithmetic, "Sub"},
    {"broadcast_sub", &same_arithmetic, "Sub"},
    {"broadcast_minus", &same_arithmetic, "Sub"},
    {"_Minus", &same_arithmetic, "Sub"},
    {"_minus", &same_arithmetic, "Sub"},
    {"_sub", &same_arithmetic, "Sub"},
    {"elemwise_mul", &same_arithmetic, "Mul"},
    {"broadcast_mul", &same_arithmetic, "Mul"},
    {"_Mul", &same_arithmetic, "Mul"},
    {"_mul", &same_arithmetic, "Mul"},
    {"elemwise_div", &same_arithmetic, "Div"},
    {"broadcast_div", &same_arithmetic, "Div"},
    {"_Div", &same_arithmetic, "Div"},
    {"_div", &same_arithmetic, "Div"},
    {"broadcast_power", &same_arithmetic, "Pow"},
    {"_Power", &same_arithmetic, "Pow"},
    {"_power", &same_arithmetic, "Pow"},
    {"broadcast_maximum", &same_arithmetic, "Max"},
    {"_Maximum", &same_arithmetic, "Max"},
    {"_maximum", &same_arithmetic, "Max"},
    {"broadcast_minimum", &same_arithmetic, "Min"},
    {"_Minimum", &same_arithmetic, "Min"},
    {"_minimum", &same_arithmetic, "Min"},
    {"add_n", &same_arithmetic, "Sum"},
    {"ElementWiseSum", &same_arithmetic, "Sum"},
    {"_PlusScalar", &with_scalar, "Add"},
    {"_plus_scalar", &with_scalar, "Add"},
    {"_MinusScalar", &with_scalar, "Sub"},
    {"_minus_scalar", &with_scalar, "Sub"},
    {"_RMinusScalar", &with_scalar, "~Sub"},
    {"_rminus_scalar", &with_scalar, "~Sub"},
    {"_MulScalar", &with_scalar, "Mul"},
    {"_mul_scalar", &with_scalar, "Mul"},
    {"_DivScalar", &with_scalar, "Div"},
    {"_div_scalar", &with_scalar, "Div"},
    {"_RDivScalar", &with_scalar, "~Div"},
    {"_rdiv_scalar", &with_scalar, "~Div"},
    {"_PowerScalar", &with_scalar, "Pow"},
    {"_power_scalar", &with_scalar, "Pow"},
    {"_RPowerScalar", &with_scalar, "~Pow"},
    {"_rpower_scalar", &with_scalar, "~Pow"},
    {"_MaximumScalar", &with_scalar, "Max"},
    {"_maximum_scalar", &with_scalar, "Max"},
    {"_MinimumScalar", &with_scalar, "Min"},
    {"_minimum_scalar", &with_scalar, "Min"},
    {"abs", &same_arithmetic, "Abs"},
    {"ceil", &same_arithmetic, "Ceil"},
    {"cos", &same_arithmetic, "Cos"},
    {"erf", &same_arithmetic, "Erf"},
    {"exp", &same_arithmetic, "Exp"},
    {"floor", &same_arithmetic, "Floor"},
    {"log", &same_arithmetic, "Log"},
    {"negative", &same_arithmetic, "Neg"},
    {"_np_negative", &same_arithmetic, "Neg"},
    {"reciprocal", &same_arithmetic, "Reciprocal"},
    {"sign", &same_arithmetic, "Sign"},
    {"sin", &same_arithmetic, "Sin"},
    {"sqrt", &same_arithmetic, "Sqrt"},
    {"square", &square},
    {"rsqrt", &reciprocal_root},
    {"_contrib_div_sqrt_dim", &div_sqrt_dim},
    {"batch_dot", &batch_dot},
    {"dot", &dot},
    {"mean", &reduction, "ReduceMean"},
    {"sum", &reduction, "ReduceSum"},
    {"sum_axis", &reduction, "ReduceSum"},
    {"max", &reduction, "ReduceMax"},
    {"max_axis", &reduction, "ReduceMax"},
    {"min", &reduction, "ReduceMin"},
    {"min_axis", &reduction, "ReduceMin"},
    {"prod", &reduction, "ReduceProd"},
    {"Cast", &cast},
    {"cast", &cast},
};

}  // namespace

std::span<const MxnetRule> mxnet_arithmetic_rules() { return kArithmeticRules; }

}  // namespace halftone
