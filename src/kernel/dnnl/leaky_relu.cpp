// y = x < 0 ? alpha * x : x, fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator LeakyRelu, opset 16.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& leaky_relu_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
