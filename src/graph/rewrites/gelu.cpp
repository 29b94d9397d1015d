// The exact Gelu, as ONNX Runtime's optimizer writes it into models of every operator set.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.Gelu.
#include "graph/rewrites/lib/gelu.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_gelu(Rewriter& rewriter) { finish_with_gelu(rewriter, rewriter.input(0)); }

}  // namespace halftone
