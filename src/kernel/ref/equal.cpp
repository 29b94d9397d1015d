// y = (a == b) as bool, with multidirectional broadcasting. NaN equals nothing, itself included.
// Source: ONNX operator Equal, opset 13.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& equal_op() {
    static const ComparisonOp<std::equal_to<>> op(kNumbersAndBool);
    return op;
}

}  // namespace halftone::ref
