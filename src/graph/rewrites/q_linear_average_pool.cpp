// AveragePool of codes, also with channels as the last dimension. Source: onnxruntime/docs/ContribOperators.md,
// com.microsoft.QLinearAveragePool.
#include "graph/rewrites/lib/channels_last.hpp"
#include "graph/rewrites/lib/linear.hpp"
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_q_linear_average_pool(Rewriter& rewriter) {
    const auto is_set = [&](const char* attribute) { return int_attribute(rewriter.node(), attribute, 0) != 0; };
    // There ONNX Runtime divides by the whole kernel also where a window hangs over the padding; AveragePool does not.
    if (is_set("ceil_mode") && is_set("count_include_pad"))
        rewriter.refuse("ceil_mode together with count_include_pad is not supported");
    Attributes attributes = rewriter.node().attributes;
    attributes.erase("channels_last");
    if (!is_set("channels_last")) {
        rewrite_quantized_unary(rewriter, "AveragePool", attributes);
        return;
    }
    const std::size_t rank = rewriter.shape_of(rewriter.input(0)).rank();
    if (rank < 3) rewriter.refuse("its input has no channels");
    const ValueId x = to_channels_first(rewriter, dequantized_input(rewriter, 0), rank);
    const ValueId y = rewriter.add_named("AveragePool", {x}, attributes);
    finish_quantized(rewriter, to_channels_last(rewriter, y, rank), 3);
}

}  // namespace halftone
