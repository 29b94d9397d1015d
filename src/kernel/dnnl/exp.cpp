#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& exp_op() {
    static const EltwiseOp op("Exp");
    return op;
}

}  // namespace halftone::onednn
