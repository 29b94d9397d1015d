// Masks are made by it; false where an operand is NaN.
// Source: ONNX operator Greater, opset 13. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& greater_op() {
    static const ElementwiseOp op(Function::greater);
    return op;
}

}  // namespace halftone::native
