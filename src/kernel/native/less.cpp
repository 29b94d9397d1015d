// Masks are made by it; false where an operand is NaN.
// Source: ONNX operator Less, opset 13. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& less_op() {
    static const ElementwiseOp op(Function::less);
    return op;
}

}  // namespace halftone::native
