// y = a + b with multidirectional broadcasting; integers wrap. On codes: both operands are dequantized, added as real
// values and quantized once. Source: ONNX operator Add, opset 14.
#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& add_op() {
    static const SteppedBinaryOp<std::plus<>> op;
    return op;
}

}  // namespace halftone::ref
