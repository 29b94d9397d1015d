#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& sigmoid_op() {
    static const EltwiseOp op("Sigmoid");
    return op;
}

}  // namespace halftone::onednn
