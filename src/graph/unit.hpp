#pragma once
// Unit: a fused group of nodes that is quantized, or falls back to high precision, as one: Conv, Gemm or MatMul with
// constant weights, its activation (Relu or Clip), a MatMul's bias, and a residual Add. Users and LPOT call it an "op"
// in configs and reports.

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace halftone {

struct Unit {
    std::string name;  ///< of its main node; an unnamed node gives "<op>_<first output>"
    std::string op;    ///< of its main node: "Conv", "Gemm", "MatMul"
    NodeId main;
    NodeId bias_add;            ///< the Add of a constant row behind a MatMul, real in any precision; invalid if none
    NodeId residual_add;        ///< invalid if none
    NodeId activation;          ///< Relu or Clip; invalid if none
    std::vector<NodeId> nodes;  ///< all of them, in graph order

    ValueId input;        ///< data input of main
    ValueId weight;       ///< constant
    ValueId bias;         ///< constant; invalid if none
    ValueId main_output;  ///< output of main; == output when the unit is main alone
    ValueId residual;     ///< the Add's other operand; invalid if none
    ValueId output;       ///< of the last node

    std::int64_t weight_channel_axis = 0;  ///< of the output channels: Conv 0, Gemm transB ? 0 : 1, MatMul 1
};

/// Units in graph order. A node belongs to at most one unit; inner values have no other readers and are no graph
/// outputs. A residual Add joins the unit of the later of its two producers, if that is a Conv/Gemm without an
/// activation before the Add, both operands have the same shape, and the other operand is not a constant.
[[nodiscard]] std::vector<Unit> find_units(const Graph& graph);

/// Returns why the unit cannot be quantized at run time, or an empty text if it can. The file of a dynamic unit holds a
/// plain product of two matrices, which has no transposed data and no factor as Gemm has. Convolutions cannot be
/// dynamic, because ONNX Runtime has no fast ConvInteger.
[[nodiscard]] std::string why_not_dynamic(const Graph& graph, const Unit& unit);

/// Returns why the unit's weights cannot be stored by blocks, or an empty text if they can. The file then holds a plain
/// product of two matrices, as for dynamic quantization, and has operator set 21 or later.
[[nodiscard]] std::string why_not_weight_only(const Graph& graph, const Unit& unit);

/// Ops that only move or select codes, so that input and output share quantization parameters:
/// MaxPool (without indices), Flatten, Reshape.
[[nodiscard]] bool is_code_transparent(const Node& node);

}  // namespace halftone
