#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& mul_op() {
    static const SteppedBinaryOp<std::multiplies<>> op;
    return op;
}

}  // namespace halftone::ref
