// Source: ONNX operator Xor, opset 7.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& logical_xor_op() {
    static const ComparisonOp<std::not_equal_to<>> op(kBoolean);
    return op;
}

}  // namespace halftone::ref
