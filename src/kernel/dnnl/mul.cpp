#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const DnnlOp& mul_op() {
    static const BinaryOp op("Mul", dnnl::algorithm::binary_mul);
    return op;
}

}  // namespace halftone::onednn
