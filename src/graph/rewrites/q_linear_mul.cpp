// Mul of two tensors of codes. Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearMul.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_mul(Rewriter& rewriter) { rewrite_quantized_binary(rewriter, "Mul"); }

}  // namespace halftone
