// LeakyRelu of codes. Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearLeakyRelu.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_leaky_relu(Rewriter& rewriter) {
    rewrite_quantized_unary(rewriter, "LeakyRelu", {{"alpha", float_attribute(rewriter.node(), "alpha", 0.01F)}});
}

}  // namespace halftone
