// The square root, fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Sqrt, opset 13.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& sqrt_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
