#include "kernel/ref/lib/binary_step.hpp"

namespace halftone::ref {

const RefOp& add_op() {
    static const SteppedBinaryOp<std::plus<>> op;
    return op;
}

}  // namespace halftone::ref
