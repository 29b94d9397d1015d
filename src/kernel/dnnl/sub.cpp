#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const FastOp& sub_op() {
    static const BinaryOp op(dnnl::algorithm::binary_sub);
    return op;
}

}  // namespace halftone::onednn
