// y = a * b with multidirectional broadcasting; integers wrap. On codes: both operands are dequantized, multiplied as
// real values and quantized once. Source: ONNX operator Mul, opset 14.
#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& mul_op() {
    static const SteppedBinaryOp<std::multiplies<>> op;
    return op;
}

}  // namespace halftone::ref
