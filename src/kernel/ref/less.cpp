// y = (a < b) as bool, with multidirectional broadcasting; false where one of them is NaN.
// Source: ONNX operator Less, opset 13.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& less_op() {
    static const ComparisonOp<std::less<>> op(kNumbers);
    return op;
}

}  // namespace halftone::ref
