#include "kernel/dnnl/lib/eltwise.hpp"

namespace halftone::onednn {

const DnnlOp& leaky_relu_op() {
    static const EltwiseOp op("LeakyRelu");
    return op;
}

}  // namespace halftone::onednn
