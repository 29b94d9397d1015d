// ONNX Runtime's own QuantizeLinear differs from ONNX's only in the types that it takes.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.QuantizeLinear.
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_ms_quantize_linear(Rewriter& rewriter) {
    rewriter.finish("QuantizeLinear", rewriter.node().inputs, rewriter.node().attributes);
}

}  // namespace halftone
