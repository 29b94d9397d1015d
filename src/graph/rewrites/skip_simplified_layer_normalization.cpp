// The same of input + skip + bias; output 3 is the sum. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.SkipSimplifiedLayerNormalization.
#include "graph/rewrites/lib/rms.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_skip_simplified_layer_normalization(Rewriter& rewriter) {
    if (rewriter.has_output(1) || rewriter.has_output(2))
        rewriter.refuse("its statistics are not supported as outputs");
    ValueId sum = rewriter.add("Add", {rewriter.input(0), rewriter.input(1)});
    if (rewriter.has_input(3)) sum = rewriter.add("Add", {sum, rewriter.input(3)});
    if (rewriter.has_output(3)) rewriter.finish("Identity", {sum}, {}, 3);
    finish_with_rms(rewriter, sum, rewriter.input(2), float_attribute(rewriter.node(), "epsilon", 1e-5F));
}

}  // namespace halftone
