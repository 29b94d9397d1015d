// e to the power of x, fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Exp, opset 13.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& exp_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
