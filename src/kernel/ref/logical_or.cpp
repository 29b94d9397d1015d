// y = a || b of bools, with multidirectional broadcasting. Its file is not called or.cpp because that is a C++ keyword.
// Source: ONNX operator Or, opset 7.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& logical_or_op() {
    static const ComparisonOp<std::logical_or<>> op(kBoolean);
    return op;
}

}  // namespace halftone::ref
