// y = a and b, bit by bit, of integers, with multidirectional broadcasting. Source: ONNX operator BitwiseAnd, opset 18.
#include "kernel/ref/lib/bitwise.hpp"

namespace halftone::ref {

const RefOp& bitwise_and_op() {
    static const BitwiseOp<PlainBits<std::bit_and<>>> op;
    return op;
}

}  // namespace halftone::ref
