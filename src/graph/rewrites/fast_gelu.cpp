// The tanh form of Gelu, with an optional bias in front. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.FastGelu.
#include "graph/rewrites/lib/gelu.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_fast_gelu(Rewriter& rewriter) {
    ValueId x = rewriter.input(0);
    if (rewriter.has_input(1)) x = rewriter.add_named("Add", {x, rewriter.input(1)});
    finish_with_fast_gelu(rewriter, x);
}

}  // namespace halftone
