// Clipping ranges; NaN if an element is. Source: ONNX operator ReduceMin, opset 20. The loops are in
// lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_min_op() {
    static const ReductionOp op(ReductionKind::minimum);
    return op;
}

}  // namespace halftone::native
