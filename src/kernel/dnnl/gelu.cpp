#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& gelu_op() {
    static const EltwiseOp op("Gelu");
    return op;
}

}  // namespace halftone::onednn
