// x * sigmoid(alpha * x). Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QuickGelu.
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_quick_gelu(Rewriter& rewriter) {
    const ValueId x = rewriter.input(0);
    const float alpha = float_attribute(rewriter.node(), "alpha", 1.702F);
    // With alpha 1 this is SiLU, which the executor knows in the form without the product.
    const ValueId scaled = alpha == 1.0F ? x : rewriter.add("Mul", {x, rewriter.scalar(alpha)});
    rewriter.finish("Mul", {x, rewriter.add("Sigmoid", {scaled})});
}

}  // namespace halftone
