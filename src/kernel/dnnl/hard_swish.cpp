// y = x * max(0, min(1, x / 6 + 0.5)), fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator HardSwish, opset 14.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& hard_swish_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
