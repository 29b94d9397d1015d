// Gemm of codes: A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point. C is int32 with the
// scale a_scale * b_scale. Without y_scale the output is fp32. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.QGemm.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_gemm(Rewriter& rewriter) {
    const Node& node = rewriter.node();
    const bool is_transposed = int_attribute(node, "transB", 0) != 0;
    const ValueId a = dequantized_input(rewriter, 0);
    // Scales of B belong to the columns of the product.
    const ValueId b = dequantized_input(rewriter, 3, is_transposed ? 0 : 1);
    std::vector<ValueId> inputs{a, b};
    if (rewriter.has_input(6)) {
        const ValueId scale = rewriter.add("Mul", {rewriter.input(1), rewriter.input(4)});
        inputs.push_back(rewriter.add("DequantizeLinear", {rewriter.input(6), scale}, {{"axis", std::int64_t{0}}}));
        // alpha weighs the product only; in this operator C is in the unit of the weighted product.
        if (float_attribute(node, "alpha", 1.0F) != 1.0F) rewriter.refuse("alpha other than 1 with C is not supported");
    }
    Attributes attributes = node.attributes;
    if (!rewriter.has_input(7)) {
        rewriter.finish("Gemm", std::move(inputs), std::move(attributes));
        return;
    }
    finish_quantized(rewriter, rewriter.add_named("Gemm", std::move(inputs), std::move(attributes)), 7);
}

}  // namespace halftone
