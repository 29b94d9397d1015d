#pragma once
// Small graphs for tests, in a line per node:
//   GraphMaker g;
//   ValueId x = g.input("x", {kSymbolic, 3, 8, 8});
//   ValueId y = g.node("Relu", "relu", {g.conv("conv", x, random_tensor({4, 3, 3, 3}, 1))});
//   Graph graph = g.build({y});

#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "graph/builder.hpp"

namespace halftone::test {

inline Tensor floats(Shape shape, const std::vector<float>& values) {
    check_element_count(shape, values.size());
    return Tensor::of<float>(std::move(shape), values);
}

/// A vector of floats.
inline Tensor floats(const std::vector<float>& values) {
    return floats(Shape{static_cast<std::int64_t>(values.size())}, values);
}

/// A vector of int64, as Reshape and friends read.
inline Tensor int64s(const std::vector<std::int64_t>& values) {
    return Tensor::of<std::int64_t>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

/// Uniform values in [low, high): a function of shape and seed only.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed, float low = -1.0F, float high = 1.0F) {
    Tensor tensor(TensorType{DType::f32, shape});
    Rng rng(seed);
    for (float& value : tensor.mutable_view().as<float>()) {
        value = static_cast<float>(rng.uniform(static_cast<double>(low), static_cast<double>(high)));
    }
    return tensor;
}

class GraphMaker {
public:
    ValueId input(const std::string& name, Shape shape, DType dtype = DType::f32) {
        const ValueId id = builder_.add_value(name, TensorType{dtype, std::move(shape)});
        builder_.add_input(id);
        return id;
    }
    ValueId constant(const std::string& name, Tensor tensor) { return builder_.add_constant(name, std::move(tensor)); }

    /// A node with one output, named "<name>_out" unless given.
    ValueId node(const std::string& op, const std::string& name, std::vector<ValueId> inputs,
                 Attributes attributes = {}, const std::string& output = "") {
        const std::string output_name = output.empty() ? builder_.fresh_value_name(name + "_out") : output;
        const ValueId result = builder_.value_named(output_name);
        builder_.add_node({.name = name,
                           .op = op,
                           .inputs = std::move(inputs),
                           .outputs = {result},
                           .attributes = std::move(attributes)});
        return result;
    }

    /// Constants "<name>_w" and "<name>_b" (none if `bias` is empty).
    ValueId conv(const std::string& name, ValueId x, Tensor weight, Tensor bias = {}, Attributes attributes = {}) {
        return with_weights("Conv", name, x, std::move(weight), std::move(bias), std::move(attributes));
    }
    ValueId gemm(const std::string& name, ValueId x, Tensor weight, Tensor bias = {}, Attributes attributes = {}) {
        return with_weights("Gemm", name, x, std::move(weight), std::move(bias), std::move(attributes));
    }
    /// x times a constant "<name>_w" [K, N]; with `bias` [N], an Add "<name>_add" of "<name>_b" behind it.
    ValueId mat_mul(const std::string& name, ValueId x, Tensor weight, Tensor bias = {}) {
        const ValueId product = with_weights("MatMul", name, x, std::move(weight), {}, {});
        if (bias.is_empty()) return product;
        return node("Add", name + "_add", {constant(name + "_b", std::move(bias)), product});
    }
    /// Inference-mode normalization with constants "<name>_scale", "_bias", "_mean", "_var".
    ValueId batch_norm(const std::string& name, ValueId x, Tensor scale, Tensor bias, Tensor mean, Tensor variance,
                       float epsilon) {
        return node("BatchNormalization", name,
                    {x, constant(name + "_scale", std::move(scale)), constant(name + "_bias", std::move(bias)),
                     constant(name + "_mean", std::move(mean)), constant(name + "_var", std::move(variance))},
                    {{"epsilon", epsilon}});
    }

    [[nodiscard]] GraphBuilder& builder() { return builder_; }
    /// Ends the making: the graph with these outputs.
    [[nodiscard]] Graph build(const std::vector<ValueId>& outputs) {
        for (const ValueId id : outputs) builder_.add_output(id);
        return std::move(builder_).build();
    }

private:
    ValueId with_weights(const std::string& op, const std::string& name, ValueId x, Tensor weight, Tensor bias,
                         Attributes attributes) {
        std::vector<ValueId> inputs{x, constant(name + "_w", std::move(weight))};
        if (!bias.is_empty()) inputs.push_back(constant(name + "_b", std::move(bias)));
        return node(op, name, std::move(inputs), std::move(attributes));
    }

    GraphBuilder builder_;
};

/// "Conv Relu Conv": the ops in graph order.
inline std::string op_sequence(const Graph& graph) {
    std::string text;
    for (const Node& node : graph.nodes()) text += (text.empty() ? "" : " ") + node.op;
    return text;
}

/// The node of that name; fails loudly when there is none.
inline const Node& node_named(const Graph& graph, const std::string& name) {
    for (const Node& node : graph.nodes()) {
        if (node.name == name) return node;
    }
    throw std::runtime_error("no node '" + name + "' in: " + op_sequence(graph));
}

/// The value of that name; fails loudly when there is none.
inline const Value& value_named(const Graph& graph, const std::string& name) {
    const auto id = graph.find_value(name);
    if (!id) throw std::runtime_error("no value '" + name + "'");
    return graph.value(*id);
}

/// A float constant's values.
inline std::vector<float> floats_of(const Graph& graph, const std::string& name) {
    const auto values = value_named(graph, name).constant.as<float>();
    return {values.begin(), values.end()};
}

}  // namespace halftone::test
