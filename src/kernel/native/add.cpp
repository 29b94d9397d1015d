// Source: ONNX operator Add, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const FastOp& add_op() {
    static const BinaryOp op(codes::Arithmetic::add);
    return op;
}

}  // namespace halftone::native
