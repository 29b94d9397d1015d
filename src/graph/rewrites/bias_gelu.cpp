// gelu(A + B), where B is a row. Source: onnxruntime/docs/ContribOperators.md, com.microsoft.BiasGelu.
#include "graph/rewrites/lib/gelu.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_bias_gelu(Rewriter& rewriter) {
    finish_with_gelu(rewriter, rewriter.add_named("Add", {rewriter.input(0), rewriter.input(1)}));
}

}  // namespace halftone
