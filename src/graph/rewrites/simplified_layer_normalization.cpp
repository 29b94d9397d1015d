// x / sqrt(mean(x^2) + epsilon) * scale. ONNX Runtime keeps this operator of its own in the default domain.
// Source: onnxruntime/core/graph/contrib_ops/contrib_defs.cc, SimplifiedLayerNormalization.
#include "graph/rewrites/lib/rms.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_simplified_layer_normalization(Rewriter& rewriter) {
    if (rewriter.has_output(1)) rewriter.refuse("its statistics are not supported as an output");
    const std::int64_t axis = int_attribute(rewriter.node(), "axis", -1);
    const bool is_last =
        axis == -1 || axis + 1 == static_cast<std::int64_t>(rewriter.shape_of(rewriter.input(0)).rank());
    if (!is_last) rewriter.refuse("axis " + std::to_string(axis) + " is not the last one");
    finish_with_rms(rewriter, rewriter.input(0), rewriter.input(1), float_attribute(rewriter.node(), "epsilon", 1e-5F));
}

}  // namespace halftone
