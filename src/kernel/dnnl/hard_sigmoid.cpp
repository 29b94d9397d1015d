// y = max(0, min(1, alpha * x + beta)), fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator HardSigmoid, opset 6.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& hard_sigmoid_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
