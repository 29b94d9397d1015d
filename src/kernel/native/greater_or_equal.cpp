// Masks are made by it; false where an operand is NaN.
// Source: ONNX operator GreaterOrEqual, opset 16. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& greater_or_equal_op() {
    static const ElementwiseOp op(Function::greater_or_equal);
    return op;
}

}  // namespace halftone::native
