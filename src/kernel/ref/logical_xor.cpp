// y = a != b of bools, with multidirectional broadcasting. Its file is not called xor.cpp because that is a C++
// keyword. Source: ONNX operator Xor, opset 7.
#include "kernel/ref/lib/comparison.hpp"

namespace halftone::ref {

const RefOp& logical_xor_op() {
    static const ComparisonOp<std::not_equal_to<>> op(kBoolean);
    return op;
}

}  // namespace halftone::ref
