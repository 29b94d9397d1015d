// y = a * b of two fp32 tensors by oneDNN's binary primitive; the second operand may be broadcast or constant. Codes
// are left to kernel/native and ref. Source: ONNX operator Mul, opset 14.
#include "kernel/dnnl/lib/binary.hpp"

namespace halftone::onednn {

const FastOp& mul_op() {
    static const BinaryOp op(dnnl::algorithm::binary_mul);
    return op;
}

}  // namespace halftone::onednn
