#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const FastOp& div_op() {
    static const BinaryOp op(dnnl::algorithm::binary_div);
    return op;
}

}  // namespace halftone::onednn
