// Norms that were written as single operators. Source: ONNX operator ReduceSumSquare, opset 18. The loops are in
// lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_sum_square_op() {
    static const ReductionOp op(ReductionKind::sum_of_squares);
    return op;
}

}  // namespace halftone::native
