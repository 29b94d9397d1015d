// As Add, but the operands cannot be exchanged, so a constant must be the second one. The code is in lib/binary.
// Source: ONNX operator Sub, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const FastOp& sub_op() {
    static const BinaryOp op(codes::Arithmetic::subtract);
    return op;
}

}  // namespace halftone::native
