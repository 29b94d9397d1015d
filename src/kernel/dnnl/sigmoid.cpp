// y = 1 / (1 + exp(-x)), fp32, by oneDNN's eltwise primitive; the algorithm and its
// parameters are in lib/eltwise. Source: ONNX operator Sigmoid, opset 13.
#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& sigmoid_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
