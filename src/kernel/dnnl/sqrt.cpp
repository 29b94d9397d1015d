#include "kernel/dnnl/common_eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& sqrt_op() {
    static const EltwiseOp op("Sqrt");
    return op;
}

}  // namespace halftone::onednn
