#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& elu_op() {
    static const EltwiseOp op("Elu");
    return op;
}

}  // namespace halftone::onednn
