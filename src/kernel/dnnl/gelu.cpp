// y = x * Phi(x), exact by erf or the tanh form, as the node says, fp32, by oneDNN's eltwise primitive; the algorithm
// and its parameters are in lib/eltwise. Source: ONNX operator Gelu, opset 20.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& gelu_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
