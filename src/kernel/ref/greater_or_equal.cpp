// y = (a >= b) as bool, with multidirectional broadcasting; false where one of them is NaN.
// Source: ONNX operator GreaterOrEqual, opset 16.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& greater_or_equal_op() {
    static const ComparisonOp<std::greater_equal<>> op(kNumbers);
    return op;
}

}  // namespace halftone::ref
