// Source: ONNX operator Sub, opset 13, with a quantized result.
#include "kernel/native/common_binary.hpp"

namespace halftone::native {

const NativeOp& sub_op() {
    static const BinaryOp op("Sub", Arithmetic::subtract);
    return op;
}

}  // namespace halftone::native
