// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016), both forms; the constants are those of ONNX's
// function body of Gelu-20.
#include "graph/rewrites/lib/gelu.hpp"

namespace halftone {

void finish_with_gelu(Rewriter& rewriter, ValueId x) {
    const ValueId scaled = rewriter.add("Div", {x, rewriter.scalar(1.41421356237F)});
    const ValueId erf = rewriter.add("Erf", {scaled});
    const ValueId sum = rewriter.add("Add", {erf, rewriter.scalar(1.0F)});
    const ValueId product = rewriter.add("Mul", {x, sum});
    rewriter.finish("Mul", {product, rewriter.scalar(0.5F)});
}

void finish_with_fast_gelu(Rewriter& rewriter, ValueId x) {
    const ValueId cube = rewriter.add("Pow", {x, rewriter.scalar(3.0F)});
    const ValueId part = rewriter.add("Mul", {cube, rewriter.scalar(0.044715F)});
    const ValueId inner = rewriter.add("Add", {x, part});
    const ValueId scaled = rewriter.add("Mul", {inner, rewriter.scalar(0.797884560802865F)});
    const ValueId tanh = rewriter.add("Tanh", {scaled});
    const ValueId sum = rewriter.add("Add", {tanh, rewriter.scalar(1.0F)});
    const ValueId product = rewriter.add("Mul", {x, sum});
    rewriter.finish("Mul", {product, rewriter.scalar(0.5F)});
}

}  // namespace halftone
