// ONNX Runtime's own DequantizeLinear differs from ONNX's only in the types that it takes.
// Source: onnxruntime/docs/ContribOperators.md, com.microsoft.DequantizeLinear.
#include "graph/rewrites/rewrites.hpp"

namespace halftone {

void rewrite_ms_dequantize_linear(Rewriter& rewriter) {
    rewriter.finish("DequantizeLinear", rewriter.node().inputs, rewriter.node().attributes);
}

}  // namespace halftone
