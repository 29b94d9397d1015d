#pragma once
// Raising a graph's operator set: what a file must hold may need a later one than the source has (weights by blocks
// need 21). A graph holds forms of opset 13 or of its source; a few operators have another form or meaning later.

#include <cstdint>
#include <string>

#include "graph/builder.hpp"
#include "graph/graph.hpp"

namespace halftone {

/// The first operator set in which DequantizeLinear has blocks, and the 4-bit types.
inline constexpr std::int64_t kBlockedOpset = 21;

/// Returns why the graph, its tail included, cannot be written with this operator set, naming the operator; an empty
/// text if it can. @param opset  21 at most
[[nodiscard]] std::string why_not_opset(const Graph& graph, std::int64_t opset);

/// Raises the operator set of the graph that is built to `opset`, and brings its operators into their later forms; does
/// nothing if it is not lower. Nothing that the graph computes changes. @pre why_not_opset() is empty
/// Source: ONNX's Changelog.md, operator sets 14 to 21:
///   16: RoiAlign has another default, so the old one is written down.
///   18: axes of the reductions (but ReduceSum) became an input; Split without sizes must say into how many parts.
///   20: GridSample's modes bilinear and bicubic became linear and cubic; DFT's axis became an input: refused.
///   21: GroupNormalization's scale and bias have a value for each channel, not for each group: refused.
/// In the bodies of control flow these operators are refused as well.
void raise_opset(GraphBuilder& builder, std::int64_t opset);

}  // namespace halftone
