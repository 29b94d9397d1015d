#pragma once
// The activation of ONNX Runtime's fused operators: FusedConv, FusedGemm.

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Writes the node's first output: `value` through the activation that its attributes `activation` and
/// `activation_params` name; without one, `value` itself.
/// @throws ModelError for an activation that is not known, or with too few parameters
void finish_with_activation(Rewriter& rewriter, ValueId value);

/// The node's attributes without those two, for the operator in front of the activation.
[[nodiscard]] Attributes without_activation(const Node& node);

}  // namespace halftone
