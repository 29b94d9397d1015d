// LayerNormalization(input + skip + bias); output 3 is the sum, which the next residual Add reads.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.SkipLayerNormalization.
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_skip_layer_normalization(Rewriter& rewriter) {
    if (rewriter.has_output(1) || rewriter.has_output(2))
        rewriter.refuse("its statistics are not supported as outputs");
    ValueId sum = rewriter.add("Add", {rewriter.input(0), rewriter.input(1)});
    if (rewriter.has_input(4)) sum = rewriter.add("Add", {sum, rewriter.input(4)});
    if (rewriter.has_output(3)) rewriter.finish("Identity", {sum}, {}, 3);
    std::vector<ValueId> inputs{sum, rewriter.input(2)};
    if (rewriter.has_input(3)) inputs.push_back(rewriter.input(3));
    const float epsilon = float_attribute(rewriter.node(), "epsilon", 1e-12F);
    rewriter.finish("LayerNormalization", std::move(inputs), {{"axis", std::int64_t{-1}}, {"epsilon", epsilon}});
}

}  // namespace halftone
