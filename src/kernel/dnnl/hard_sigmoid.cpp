#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& hard_sigmoid_op() {
    static const EltwiseOp op("HardSigmoid");
    return op;
}

}  // namespace halftone::onednn
