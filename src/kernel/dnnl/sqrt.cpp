#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& sqrt_op() {
    static const EltwiseOp op("Sqrt");
    return op;
}

}  // namespace halftone::onednn
