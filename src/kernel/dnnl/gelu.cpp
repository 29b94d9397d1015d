#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& gelu_op() {
    static const EltwiseOp op("Gelu");
    return op;
}

}  // namespace halftone::onednn
