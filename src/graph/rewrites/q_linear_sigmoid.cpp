// Sigmoid of codes. Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearSigmoid.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_sigmoid(Rewriter& rewriter) { rewrite_quantized_unary(rewriter, "Sigmoid"); }

}  // namespace halftone
