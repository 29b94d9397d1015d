// The absolute value, fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Abs, opset 13.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& abs_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
