#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& hard_swish_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
