#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const DnnlOp& div_op() {
    static const BinaryOp op("Div", dnnl::algorithm::binary_div);
    return op;
}

}  // namespace halftone::onednn
