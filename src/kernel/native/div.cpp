// Averages and normalizations end in it, mostly with a broadcast divisor.
// Source: ONNX operator Div, opset 14. The loops are in lib/elementwise_rows.
#include "kernel/native/lib/elementwise.hpp"

namespace halftone::native {

const FastOp& div_op() {
    static const ElementwiseOp op(Function::divide);
    return op;
}

}  // namespace halftone::native
