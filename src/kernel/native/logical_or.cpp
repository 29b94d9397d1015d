// Masks of attention are joined by it.
// Source: ONNX operator Or, opset 7. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& logical_or_op() {
    static const ElementwiseOp op(Function::either);
    return op;
}

}  // namespace halftone::native
