#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& sub_op() {
    static const SteppedBinaryOp<std::minus<>> op;
    return op;
}

}  // namespace halftone::ref
