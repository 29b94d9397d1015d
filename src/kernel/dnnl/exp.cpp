#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& exp_op() {
    static const EltwiseOp op("Exp");
    return op;
}

}  // namespace halftone::onednn
