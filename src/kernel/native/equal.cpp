// Masks are made by it: tokens compared with the padding token.
// Source: ONNX operator Equal, opset 19. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& equal_op() {
    static const ElementwiseOp op(Function::equal);
    return op;
}

}  // namespace halftone::native
