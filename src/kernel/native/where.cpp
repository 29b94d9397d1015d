// Masks are applied by it: attention scores where the mask is set, a large negative number elsewhere.
// Source: ONNX operator Where, opset 16. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& where_op() {
    static const ElementwiseOp op(Function::choose);
    return op;
}

}  // namespace halftone::native
