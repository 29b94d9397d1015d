#pragma once
// LoweringView: the graph as the phases of lowering see it. It answers questions; it decides nothing and changes
// nothing. Not thread-safe (QdqView caches). Everything that the constructor takes outlives it.

#include <set>
#include <vector>

#include "exec/lowering.hpp"
#include "exec/qdq/qdq_view.hpp"
#include "graph/graph.hpp"
#include "kernel/ops/request.hpp"

namespace halftone {

class LoweringView {
public:
    LoweringView(const Graph& graph, const std::vector<TensorType>& types, const LoweringOptions& options);
    LoweringView(const LoweringView&) = delete;  // the QDQ view refers to the cache beside it
    LoweringView& operator=(const LoweringView&) = delete;

    [[nodiscard]] const Graph& graph() const { return graph_; }
    [[nodiscard]] const LoweringOptions& options() const { return options_; }
    [[nodiscard]] const QdqView& qdq() const { return qdq_; }
    [[nodiscard]] const Node& node(NodeId id) const { return graph_.node(id); }
    /// Returns the type of a value with the batch bound.
    [[nodiscard]] const TensorType& type(ValueId id) const { return types_[id.index()]; }

    /// Returns the only reader of a value that nobody else may see: not the user (outputs, taps), not a second node.
    /// Invalid if there is no such reader.
    [[nodiscard]] NodeId sole_reader(ValueId value) const;
    /// Returns the values that a node reads and that are computed: neither constants nor missing optional inputs.
    [[nodiscard]] std::vector<ValueId> data_inputs(const Node& node) const;
    /// Returns the port of a value that is read or written as fp32.
    [[nodiscard]] OperandEncoding fp32_port(ValueId value) const { return {type(value), std::nullopt}; }

    /// Is the node a Conv, a Gemm, or a MatMul by a constant matrix?
    [[nodiscard]] bool is_linear(const Node& node) const;
    /// Is it a node with two operands whose steps can read and write codes?
    [[nodiscard]] static bool is_binary(const Node& node);
    /// Are weights and bias of a linear node constant?
    [[nodiscard]] bool has_constant_weights(const Node& node) const;
    /// Do all inputs come from codes with exactly these parameters?
    [[nodiscard]] bool all_have_codes(const Node& node, const QuantParams& params) const;
    /// Returns the other operand of an Add, if it is one constant row with a value for each column of `product`; else
    /// null.
    [[nodiscard]] const Tensor* row_added_by(const Node& add, ValueId product) const;

private:
    const Graph& graph_;
    const std::vector<TensorType>& types_;
    const LoweringOptions& options_;
    DequantizedConstants dequantized_;
    QdqView qdq_;
    std::set<ValueId> taps_;
};

}  // namespace halftone
