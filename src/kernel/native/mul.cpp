// Gates of a quantized network, such as squeeze-and-excitation, are this step. The code is in lib/binary, the
// arithmetic in kernel/codes. Source: ONNX operator Mul, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const FastOp& mul_op() {
    static const BinaryOp op(codes::Arithmetic::multiply);
    return op;
}

}  // namespace halftone::native
