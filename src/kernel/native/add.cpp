// Source: ONNX operator Add, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const NativeOp& add_op() {
    static const BinaryOp op("Add", codes::Arithmetic::add);
    return op;
}

}  // namespace halftone::native
