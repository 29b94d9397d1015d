#pragma once
// Operators of ONNX Runtime that take channels as the last dimension (attribute channels_last).

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Returns `value` with its last dimension moved behind the first one: [N, H, W, C] becomes [N, C, H, W].
ValueId to_channels_first(Rewriter& rewriter, ValueId value, std::size_t rank);
/// The way back.
ValueId to_channels_last(Rewriter& rewriter, ValueId value, std::size_t rank);

}  // namespace halftone
