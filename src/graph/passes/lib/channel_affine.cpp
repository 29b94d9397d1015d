#include "graph/passes/lib/channel_affine.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace halftone {
namespace {

/// The numbers of a constant operand, one for each channel; nothing if it does not broadcast along the channel axis.
std::optional<std::vector<double>> channel_numbers(const Graph& graph, ValueId id, std::size_t rank,
                                                   ChannelAxis channels) {
    const Value& value = graph.value(id);
    if (!value.is_constant() || value.constant.dtype() != DType::f32) return std::nullopt;
    const Shape& shape = value.constant.shape();
    const auto numbers = value.constant.as<float>();
    // More dimensions than x has would give the result more, too.
    if (shape.rank() > rank || numbers.empty()) return std::nullopt;
    const auto count = static_cast<std::size_t>(channels.channels);
    if (numbers.size() == 1) return std::vector<double>(count, static_cast<double>(numbers[0]));
    // Shapes are aligned at their last dimensions.
    const std::size_t missing = rank - shape.rank();
    if (channels.axis < missing || shape[channels.axis - missing] != channels.channels || numbers.size() != count) {
        return std::nullopt;
    }
    return std::vector<double>(numbers.begin(), numbers.end());
}

std::optional<ChannelAffine> normalization_affine(const Graph& graph, const Node& norm, ChannelAxis channels) {
    // More outputs are running statistics of training. An axis other than 1 cannot be the operator's channel axis.
    const bool has_more_outputs =
        std::any_of(norm.outputs.begin() + 1, norm.outputs.end(), [](ValueId id) { return id.is_valid(); });
    if (norm.inputs.size() != 5 || has_more_outputs || channels.axis != 1) return std::nullopt;
    std::vector<std::span<const float>> rows;
    for (std::size_t i = 1; i < norm.inputs.size(); ++i) {
        if (!norm.inputs[i].is_valid()) return std::nullopt;
        const Tensor& row = graph.value(norm.inputs[i]).constant;
        if (row.is_empty() || row.dtype() != DType::f32 || row.shape() != Shape{channels.channels}) return std::nullopt;
        rows.push_back(row.as<float>());
    }
    const auto epsilon = static_cast<double>(float_attribute(norm, "epsilon", 1e-5F));
    ChannelAffine affine(channels.channels);
    for (std::size_t c = 0; c < affine.factor.size(); ++c) {
        // Double, because factor and offset are differences and quotients of floats; each result is rounded once.
        affine.factor[c] = static_cast<double>(rows[0][c]) / std::sqrt(static_cast<double>(rows[3][c]) + epsilon);
        affine.offset[c] = static_cast<double>(rows[1][c]) - affine.factor[c] * static_cast<double>(rows[2][c]);
    }
    return affine;
}

}  // namespace

// next(this(x)) = next.factor * (factor * x + offset) + next.offset.
void ChannelAffine::append(const ChannelAffine& next) {
    for (std::size_t c = 0; c < factor.size(); ++c) {
        factor[c] *= next.factor[c];
        offset[c] = next.factor[c] * offset[c] + next.offset[c];
    }
}

bool ChannelAffine::has_no_offset() const {
    return std::all_of(offset.begin(), offset.end(), [](double value) { return value == 0; });
}

bool ChannelAffine::has_no_factor() const {
    return std::all_of(factor.begin(), factor.end(), [](double value) { return value == 1; });
}

bool ChannelAffine::is_one_factor() const {
    return has_no_offset() &&
           std::all_of(factor.begin(), factor.end(), [&](double value) { return value == factor.front(); });
}

std::optional<ChannelAffine> channel_affine(const Graph& graph, const Node& node, ValueId x, ChannelAxis channels) {
    if (channels.channels < 1 || node.outputs.empty() || !has_input(node, 0)) return std::nullopt;
    if (node.op == "BatchNormalization") {
        return node.inputs[0] == x ? normalization_affine(graph, node, channels) : std::nullopt;
    }
    const bool is_arithmetic = node.op == "Mul" || node.op == "Div" || node.op == "Add" || node.op == "Sub";
    if (!is_arithmetic || node.inputs.size() != 2 || !has_input(node, 1)) return std::nullopt;
    const bool is_first = node.inputs[0] == x;
    // A constant divided by x is no affine function of it.
    if (node.op == "Div" && !is_first) return std::nullopt;
    const std::size_t rank = graph.value(x).type.shape.rank();
    const auto numbers = channel_numbers(graph, node.inputs[is_first ? 1 : 0], rank, channels);
    if (!numbers) return std::nullopt;
    ChannelAffine affine(channels.channels);
    for (std::size_t c = 0; c < numbers->size(); ++c) {
        const double number = (*numbers)[c];
        if (node.op == "Mul") affine.factor[c] = number;
        if (node.op == "Div") affine.factor[c] = 1.0 / number;
        if (node.op == "Add") affine.offset[c] = number;
        if (node.op == "Sub") affine.offset[c] = is_first ? -number : number;
        if (node.op == "Sub" && !is_first) affine.factor[c] = -1.0;
    }
    return affine;
}

}  // namespace halftone
