#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const FastOp& sigmoid_op() {
    static const EltwiseOp op;
    return op;
}

}  // namespace halftone::onednn
