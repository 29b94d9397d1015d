// Softmax of codes, with the meaning of the operator set that the attribute opset names.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QLinearSoftmax.
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_softmax(Rewriter& rewriter) {
    const std::int64_t opset = int_attribute(rewriter.node(), "opset", 13);
    std::int64_t axis = int_attribute(rewriter.node(), "axis", -1);
    if (opset < 13) {
        // The old meaning is the same only over the last axis.
        const auto rank = static_cast<std::int64_t>(rewriter.shape_of(rewriter.input(0)).rank());
        if (axis != -1 && axis + 1 != rank) rewriter.refuse("axis " + std::to_string(axis) + " of an old Softmax");
        axis = -1;
    }
    rewrite_quantized_unary(rewriter, "Softmax", {{"axis", axis}});
}

}  // namespace halftone
