// y = x < 0 ? alpha * (exp(x) - 1) : x, fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Elu, opset 6.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& elu_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
