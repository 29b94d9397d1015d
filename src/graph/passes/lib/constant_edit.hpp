#pragma once
// For passes that compute new weights: finds the constants of a node, and replaces a constant by a new one.

#include <cstdint>

#include "graph/builder.hpp"

namespace halftone {

/// Returns whether input `i` of the node is a constant of fp32 elements.
[[nodiscard]] bool has_fp32_constant(const Graph& graph, const Node& node, std::size_t i);

/// Returns whether no element is infinite or NaN.
[[nodiscard]] bool is_finite(const Tensor& tensor);

/// Returns whether the graph has QuantizeLinear or DequantizeLinear nodes.
[[nodiscard]] bool is_quantized_file(const Graph& graph);

/// Returns the node that alone reads the value, or an invalid id when it has no or several readers or is a graph
/// output. Such a value may disappear.
[[nodiscard]] NodeId only_reader(const Graph& graph, ValueId value);

/// Replaces constants in a graph that is being edited. A constant that several nodes read is copied. A small file may
/// let thousands of nodes read one large weight, so the copies of one pass have a limit.
class ConstantEditor {
public:
    ConstantEditor(GraphBuilder& builder, const Graph& graph);

    /// Returns whether input `input` of the node may get a new constant of this size; counts it as copied if so.
    [[nodiscard]] bool may_replace(NodeId node, std::size_t input, std::uint64_t bytes);
    /// Input `input` of the node becomes this constant. It gets the old constant's name, unless other nodes read that.
    void replace(NodeId node, std::size_t input, Tensor tensor);

private:
    [[nodiscard]] bool is_shared(ValueId value) const;

    GraphBuilder& builder_;
    const Graph& graph_;
    std::uint64_t bytes_left_;
};

}  // namespace halftone
