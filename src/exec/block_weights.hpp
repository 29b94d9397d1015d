#pragma once
// The weights of a weight-only unit in the graph that a file holds.

#include "exec/apply_plan.hpp"
#include "exec/plan_numbers.hpp"
#include "exec/weight_codes.hpp"
#include "graph/builder.hpp"

namespace halftone {

/// Puts codes and a DequantizeLinear with blocks in the place of the unit's weight. The unit's product becomes a MatMul
/// by a matrix [K, N] with blocks along K, the only form that ONNX Runtime and OpenVINO run without unpacking it; a
/// Gemm becomes such a MatMul and the Add of its bias. Symmetric weights have no zero points. The caller sees to the
/// operator set.
/// @return the weight's parameters, as they are for the weight of the given graph
[[nodiscard]] QuantizedTensor store_by_blocks(const Graph& graph, const Unit& unit, const UnitNumbers& numbers,
                                              WeightCodes& codes, GraphBuilder& builder);

}  // namespace halftone
