// Global pools and stable sums; NaN if an element is. Source: ONNX operator ReduceMax, opset 20. The loops are in
// lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_max_op() {
    static const ReductionOp op(ReductionKind::maximum);
    return op;
}

}  // namespace halftone::native
