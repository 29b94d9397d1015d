#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& tanh_op() {
    static const EltwiseOp op("Tanh");
    return op;
}

}  // namespace halftone::onednn
