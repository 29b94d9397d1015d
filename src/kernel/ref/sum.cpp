// From the left, in the element type, as a chain of Add nodes would.
// The sum of all inputs, added from the left. Source: ONNX operator Sum, opset 13.
#include "kernel/ref/lib/variadic.hpp"

namespace halftone::ref {

const RefOp& sum_op() {
    static const VariadicOp<std::plus<>> op(kReals);
    return op;
}

}  // namespace halftone::ref
