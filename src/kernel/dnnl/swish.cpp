#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& swish_op() {
    static const EltwiseOp op("Swish");
    return op;
}

}  // namespace halftone::onednn
