#pragma once
// Gelu and its fast form, in the words of operators that every operator set has.

#include "graph/rewrites/lib/rewriter.hpp"

namespace halftone {

/// Writes the node's first output: 0.5 * x * (1 + erf(x / sqrt(2))). The executor recognises this form and runs it as
/// one step; Gelu itself is an operator from operator set 20 on only, and the file's is often older.
void finish_with_gelu(Rewriter& rewriter, ValueId x);

/// Writes the node's first output: 0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
void finish_with_fast_gelu(Rewriter& rewriter, ValueId x);

}  // namespace halftone
