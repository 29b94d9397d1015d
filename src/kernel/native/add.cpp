// Residual connections of a quantized network are this step: codes of two scales in, codes of a third out. The code is
// in lib/binary, the arithmetic in kernel/codes.
// Source: ONNX operator Add, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const FastOp& add_op() {
    static const BinaryOp op(codes::Arithmetic::add);
    return op;
}

}  // namespace halftone::native
