// Add of two tensors of codes. Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearAdd.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_add(Rewriter& rewriter) { rewrite_quantized_binary(rewriter, "Add"); }

}  // namespace halftone
