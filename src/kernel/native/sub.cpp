// Source: ONNX operator Sub, opset 13, with a quantized result.
#include "kernel/native/lib/binary.hpp"

namespace halftone::native {

const FastOp& sub_op() {
    static const BinaryOp op(codes::Arithmetic::subtract);
    return op;
}

}  // namespace halftone::native
