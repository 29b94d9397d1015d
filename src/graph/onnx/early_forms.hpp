#pragma once
// Private to graph/onnx: operator sets 1 to 6, from before ONNX's first release for production.

#include "graph/onnx/upgrade.hpp"

namespace halftone {

constexpr std::int64_t kFirstModernOpset = 7;  ///< from here on, operands are broadcast as in NumPy

/// Rewrites a node of operator set 1 to 6 to its form of operator set 7.
/// @throws ModelError for an operator whose meaning in those sets is not known here
void upgrade_early_node(Node& node, UpgradeContext& context);

}  // namespace halftone
