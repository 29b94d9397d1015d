#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& abs_op() {
    static const EltwiseOp op("Abs");
    return op;
}

}  // namespace halftone::onednn
