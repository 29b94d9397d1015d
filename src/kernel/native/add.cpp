// Source: ONNX operator Add, opset 13, with a quantized result.
#include "kernel/native/common_binary.hpp"

namespace halftone::native {

const NativeOp& add_op() {
    static const BinaryOp op("Add", Arithmetic::add);
    return op;
}

}  // namespace halftone::native
