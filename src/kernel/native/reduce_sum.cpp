// Weighted means of attention, and scores. Source: ONNX operator ReduceSum, opset 13. The loops are in
// lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_sum_op() {
    static const ReductionOp op(ReductionKind::sum);
    return op;
}

}  // namespace halftone::native
