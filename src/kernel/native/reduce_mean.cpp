// Normalizations that were written as single operators, and global pools. Source: ONNX operator ReduceMean, opset 18.
// The loops are in lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_mean_op() {
    static const ReductionOp op(ReductionKind::mean);
    return op;
}

}  // namespace halftone::native
