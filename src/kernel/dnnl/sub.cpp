#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const DnnlOp& sub_op() {
    static const BinaryOp op("Sub", dnnl::algorithm::binary_sub);
    return op;
}

}  // namespace halftone::onednn
