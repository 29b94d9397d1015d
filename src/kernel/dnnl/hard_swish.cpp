#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& hard_swish_op() {
    static const EltwiseOp op("HardSwish");
    return op;
}

}  // namespace halftone::onednn
