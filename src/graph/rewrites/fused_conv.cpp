// activation(Conv(X, W, B) + Z), where Z is optional: how ONNX Runtime's optimizer writes a residual block.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.FusedConv.
#include "graph/rewrites/lib/activation.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_fused_conv(Rewriter& rewriter) {
    std::vector<ValueId> inputs{rewriter.input(0), rewriter.input(1)};
    if (rewriter.has_input(2)) inputs.push_back(rewriter.input(2));
    ValueId value = rewriter.add_named("Conv", std::move(inputs), without_activation(rewriter.node()));
    if (rewriter.has_input(3)) value = rewriter.add("Add", {value, rewriter.input(3)});
    finish_with_activation(rewriter, value);
}

}  // namespace halftone
