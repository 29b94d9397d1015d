// y = a or b, bit by bit, of integers, with multidirectional broadcasting. Source: ONNX operator BitwiseOr, opset 18.
#include "kernel/ref/lib/bitwise.hpp"

namespace halftone::ref {

const RefOp& bitwise_or_op() {
    static const BitwiseOp<PlainBits<std::bit_or<>>> op;
    return op;
}

}  // namespace halftone::ref
