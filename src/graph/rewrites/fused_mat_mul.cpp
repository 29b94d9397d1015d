// alpha * A * B, where A and B may be transposed in their last two dimensions.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.FusedMatMul.
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

namespace {

/// Transpose names all dimensions, so the rank must be known. A vector is not transposed.
ValueId fused_operand(Rewriter& rewriter, std::size_t input, const char* attribute) {
    const ValueId operand = rewriter.input(input);
    if (int_attribute(rewriter.node(), attribute, 0) == 0) return operand;
    const auto rank = static_cast<std::int64_t>(rewriter.shape_of(operand).rank());
    if (rank < 2) return operand;
    std::vector<std::int64_t> order;
    for (std::int64_t d = 0; d < rank - 2; ++d) order.push_back(d);
    order.insert(order.end(), {rank - 1, rank - 2});
    return rewriter.add("Transpose", {operand}, {{"perm", order}});
}

}  // namespace

void rewrite_fused_mat_mul(Rewriter& rewriter) {
    const Node& node = rewriter.node();
    if (int_attribute(node, "transBatchA", 0) != 0 || int_attribute(node, "transBatchB", 0) != 0) {
        rewriter.refuse("transBatchA and transBatchB are not supported");
    }
    const ValueId a = fused_operand(rewriter, 0, "transA");
    const ValueId b = fused_operand(rewriter, 1, "transB");
    const float alpha = float_attribute(node, "alpha", 1.0F);
    if (alpha == 1.0F) {
        rewriter.finish("MatMul", {a, b});
    } else {
        rewriter.finish("Mul", {rewriter.add_named("MatMul", {a, b}), rewriter.scalar(alpha)});
    }
}

}  // namespace halftone
