#include "kernel/ref/common_elementwise.hpp"

namespace halftone::ref {

const RefOp& mul_op() {
    static const BinaryOp<std::multiplies<>> op("Mul");
    return op;
}

}  // namespace halftone::ref
