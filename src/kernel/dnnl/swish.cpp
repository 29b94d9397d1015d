// y = x / (1 + exp(-alpha * x)), fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Swish, opset 24.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& swish_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
