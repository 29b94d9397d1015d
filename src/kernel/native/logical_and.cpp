// Masks of attention are joined by it.
// Source: ONNX operator And, opset 7. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& logical_and_op() {
    static const ElementwiseOp op(Function::both);
    return op;
}

}  // namespace halftone::native
