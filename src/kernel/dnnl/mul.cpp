#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const FastOp& mul_op() {
    static const BinaryOp op(dnnl::algorithm::binary_mul);
    return op;
}

}  // namespace halftone::onednn
