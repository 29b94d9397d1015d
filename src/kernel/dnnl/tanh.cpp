#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& tanh_op() {
    static const EltwiseOp op("Tanh");
    return op;
}

}  // namespace halftone::onednn
