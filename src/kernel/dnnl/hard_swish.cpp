#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& hard_swish_op() {
    static const EltwiseOp op("HardSwish");
    return op;
}

}  // namespace halftone::onednn
