// y = (a > b) as bool, with multidirectional broadcasting; false where one of them is NaN.
// Source: ONNX operator Greater, opset 13.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& greater_op() {
    static const ComparisonOp<std::greater<>> op(kNumbers);
    return op;
}

}  // namespace halftone::ref
