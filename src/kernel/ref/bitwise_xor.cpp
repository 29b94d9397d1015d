// y = a xor b, bit by bit, of integers, with multidirectional broadcasting. Source: ONNX operator BitwiseXor, opset 18.
#include "kernel/ref/lib/bitwise.hpp"

namespace halftone::ref {

const RefOp& bitwise_xor_op() {
    static const BitwiseOp<PlainBits<std::bit_xor<>>> op;
    return op;
}

}  // namespace halftone::ref
