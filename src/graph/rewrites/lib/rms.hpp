#pragma once
// RMS normalization, which ONNX Runtime calls SimplifiedLayerNormalization.

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Writes the node's first output: x / sqrt(mean(x^2) + epsilon) * scale, the mean over the last dimension. In basic
/// operators, because RMSNormalization itself is an operator from operator set 23 on only.
void finish_with_rms(Rewriter& rewriter, ValueId x, ValueId scale, float epsilon);

}  // namespace halftone
