#include <cmath>
#include <optional>

#include "graph/builder.hpp"
#include "graph/passes/passes.hpp"

namespace halftone {
namespace {

/// y = factor * x + offset per channel: what inference-mode BatchNormalization computes.
struct Affine {
    std::vector<double> factor;
    std::vector<double> offset;
};

/// The constant's values if it is a float vector of `channels` elements.
std::optional<std::span<const float>> channel_constant(const Graph& graph, const Node& node, std::size_t input,
                                                       std::int64_t channels) {
    if (input >= node.inputs.size() || !node.inputs[input].is_valid()) return std::nullopt;
    const Value& value = graph.value(node.inputs[input]);
    const bool fits =
        value.is_constant() && value.constant.dtype() == DType::f32 && value.constant.shape() == Shape{channels};
    if (!fits) return std::nullopt;
    return value.constant.as<float>();
}

/// Source: ONNX operator BatchNormalization, opset 15: (x - mean) / sqrt(var + epsilon) * scale + bias.
std::optional<Affine> affine_of(const Graph& graph, const Node& norm, std::int64_t channels) {
    const auto scale = channel_constant(graph, norm, 1, channels);
    const auto bias = channel_constant(graph, norm, 2, channels);
    const auto mean = channel_constant(graph, norm, 3, channels);
    const auto variance = channel_constant(graph, norm, 4, channels);
    if (!scale || !bias || !mean || !variance) return std::nullopt;
    const double epsilon = static_cast<double>(float_attribute(norm, "epsilon", 1e-5F));
    Affine affine;
    for (std::size_t c = 0; c < scale->size(); ++c) {
        // Double, because factor and offset are differences and quotients of floats; each result is rounded once.
        const double factor =
            static_cast<double>((*scale)[c]) / std::sqrt(static_cast<double>((*variance)[c]) + epsilon);
        affine.factor.push_back(factor);
        affine.offset.push_back(static_cast<double>((*bias)[c]) - factor * static_cast<double>((*mean)[c]));
    }
    return affine;
}

bool is_finite(std::span<const float> values) {
    for (const float value : values) {
        if (!std::isfinite(value)) return false;
    }
    return true;
}

/// Weights [O, ...] with each slice multiplied by its factor. Computed in double, rounded once.
Tensor scaled_weights(const Tensor& weight, const Affine& affine) {
    Tensor out(weight.type());
    const std::span<const float> from = weight.as<float>();
    const std::span<float> to = out.mutable_view().as<float>();
    const std::size_t slice = from.size() / affine.factor.size();
    for (std::size_t i = 0; i < from.size(); ++i) {
        to[i] = static_cast<float>(static_cast<double>(from[i]) * affine.factor[i / slice]);
    }
    return out;
}

Tensor folded_bias(std::optional<std::span<const float>> bias, const Affine& affine) {
    const std::size_t channels = affine.factor.size();
    Tensor out(TensorType{DType::f32, Shape{static_cast<std::int64_t>(channels)}});
    const std::span<float> to = out.mutable_view().as<float>();
    for (std::size_t c = 0; c < channels; ++c) {
        const double old = bias ? static_cast<double>((*bias)[c]) : 0.0;
        to[c] = static_cast<float>(affine.factor[c] * old + affine.offset[c]);
    }
    return out;
}

/// The Conv before a BatchNormalization, if nobody else sees the value between them.
std::optional<NodeId> foldable_conv(const Graph& graph, const Node& norm) {
    if (norm.op != "BatchNormalization" || norm.inputs.empty() || !norm.inputs[0].is_valid()) return std::nullopt;
    for (std::size_t i = 1; i < norm.outputs.size(); ++i) {
        if (norm.outputs[i].is_valid()) return std::nullopt;
    }
    const ValueId between = norm.inputs[0];
    const NodeId producer = graph.producer(between);
    if (!producer.is_valid() || graph.is_output(between) || graph.uses(between).size() != 1) return std::nullopt;
    const Node& conv = graph.node(producer);
    if (conv.op != "Conv" || conv.inputs.size() < 2 || !conv.inputs[1].is_valid()) return std::nullopt;
    const Value& weight = graph.value(conv.inputs[1]);
    if (!weight.is_constant() || weight.constant.dtype() != DType::f32 || weight.constant.shape().rank() < 3) {
        return std::nullopt;
    }
    return producer;
}

/// Puts a new constant in the place of input `input`; the old name stays if nobody else reads the old constant.
void replace_constant(GraphBuilder& builder, const Graph& graph, Node& node, std::size_t input, Tensor tensor) {
    const ValueId old = node.inputs[input];
    // Weights that two nodes share must not be scaled for both.
    if (graph.uses(old).size() == 1 && !graph.is_output(old)) {
        builder.value(old).constant = std::move(tensor);
        return;
    }
    node.inputs[input] = builder.add_constant(builder.fresh_value_name(graph.value(old).name), std::move(tensor));
}

void fold(GraphBuilder& builder, const Graph& graph, NodeId norm_id, NodeId conv_id) {
    const Node& norm = graph.node(norm_id);
    const Node& conv = graph.node(conv_id);
    const Tensor& weight = graph.value(conv.inputs[1]).constant;
    const std::int64_t channels = weight.shape()[0];
    const bool has_bias = conv.inputs.size() > 2 && conv.inputs[2].is_valid();
    const auto bias = channel_constant(graph, conv, 2, channels);
    const auto affine = affine_of(graph, norm, channels);
    if (!affine || channels == 0 || has_bias != bias.has_value()) return;
    Tensor new_weight = scaled_weights(weight, *affine);
    Tensor new_bias = folded_bias(bias, *affine);
    // A tiny variance may give weights that overflow. Then the two nodes stay, and compute what the file says.
    if (!is_finite(new_weight.as<float>()) || !is_finite(new_bias.as<float>())) return;

    Node& edited = builder.node(conv_id);
    replace_constant(builder, graph, edited, 1, std::move(new_weight));
    if (has_bias) {
        replace_constant(builder, graph, edited, 2, std::move(new_bias));
    } else {
        const std::string name = builder.fresh_value_name(graph.value(conv.inputs[1]).name + "_bias");
        edited.inputs.resize(3);
        edited.inputs[2] = builder.add_constant(name, std::move(new_bias));
    }
    // Readers of the normalization now read the Conv, under the name that they know.
    edited.outputs[0] = norm.outputs[0];
    builder.remove_node(norm_id);
}

}  // namespace

/// Conv -> BatchNormalization becomes one Conv with scaled weights and a bias. The node keeps the Conv's name, its
/// output the name of the normalization's output. Not folded: a shared Conv output, a normalization after anything
/// else, parameters that are not constant or would give infinite weights.
Graph fold_batch_norm(const Graph& graph, const OpLibrary&) {
    GraphBuilder builder(graph);
    for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
        const auto norm = make_id<NodeId>(n);
        if (const auto conv = foldable_conv(graph, graph.node(norm))) fold(builder, graph, norm, *conv);
    }
    return std::move(builder).build();
}

}  // namespace halftone
