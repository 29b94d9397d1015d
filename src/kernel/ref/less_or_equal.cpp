// y = (a <= b) as bool, with multidirectional broadcasting; false where one of them is NaN.
// Source: ONNX operator LessOrEqual, opset 16.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& less_or_equal_op() {
    static const ComparisonOp<std::less_equal<>> op(kNumbers);
    return op;
}

}  // namespace halftone::ref
