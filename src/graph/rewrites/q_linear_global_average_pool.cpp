// GlobalAveragePool of codes, also with channels as the last dimension. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.QLinearGlobalAveragePool.
#include "graph/rewrites/lib/channels_last.hpp"
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_global_average_pool(Rewriter& rewriter) {
    if (int_attribute(rewriter.node(), "channels_last", 0) == 0) {
        rewrite_quantized_unary(rewriter, "GlobalAveragePool");
        return;
    }
    const std::size_t rank = rewriter.shape_of(rewriter.input(0)).rank();
    if (rank < 3) rewriter.refuse("its input has no channels");
    const ValueId x = to_channels_first(rewriter, dequantized_input(rewriter, 0), rank);
    const ValueId y = rewriter.add_named("GlobalAveragePool", {x});
    finish_quantized(rewriter, to_channels_last(rewriter, y, rank), 3);
}

}  // namespace halftone
