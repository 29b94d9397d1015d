#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& hard_sigmoid_op() {
    static const EltwiseOp op("HardSigmoid");
    return op;
}

}  // namespace halftone::onednn
