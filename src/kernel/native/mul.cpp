// Source: ONNX operator Mul, opset 13, with a quantized result.
#include "kernel/native/common_binary.hpp"

namespace halftone::native {

const NativeOp& mul_op() {
    static const BinaryOp op("Mul", Arithmetic::multiply);
    return op;
}

}  // namespace halftone::native
