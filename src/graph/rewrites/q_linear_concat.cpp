// Concat of codes: Y_scale, Y_zero_point, then codes, scale and zero point of each operand.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearConcat.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_concat(Rewriter& rewriter) {
    const std::size_t count = rewriter.node().inputs.size();
    if (count < 5 || (count - 2) % 3 != 0) rewriter.refuse("takes 2 + 3 * n inputs, has " + std::to_string(count));
    std::vector<ValueId> operands;
    for (std::size_t i = 2; i < count; i += 3) operands.push_back(dequantized_input(rewriter, i));
    const ValueId joined = rewriter.add_named("Concat", std::move(operands), rewriter.node().attributes);
    finish_quantized(rewriter, joined, 0);
}

}  // namespace halftone
