// y = a - b with multidirectional broadcasting; integers wrap. On codes: both operands are dequantized, subtracted as
// real values and quantized once. Source: ONNX operator Sub, opset 14.
#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& sub_op() {
    static const SteppedBinaryOp<std::minus<>> op;
    return op;
}

}  // namespace halftone::ref
