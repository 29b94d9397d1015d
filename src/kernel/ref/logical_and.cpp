// y = a && b of bools, with multidirectional broadcasting. Its file is not called and.cpp because that is a C++
// keyword. Source: ONNX operator And, opset 7.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& logical_and_op() {
    static const ComparisonOp<std::logical_and<>> op(kBoolean);
    return op;
}

}  // namespace halftone::ref
