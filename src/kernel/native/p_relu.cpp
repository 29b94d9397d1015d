// The slope is mostly one number for each channel, so it is an operand that is broadcast.
// Source: ONNX operator PRelu, opset 16. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& p_relu_op() {
    static const ElementwiseOp op(Function::slope_below_zero);
    return op;
}

}  // namespace halftone::native
