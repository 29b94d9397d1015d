// Of two tensors; more are left to the plain loops. A NaN on either side passes.
// Source: ONNX operator Max, opset 13. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& max_op() {
    static const ElementwiseOp op(Function::maximum);
    return op;
}

}  // namespace halftone::native
