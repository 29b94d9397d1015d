// Embeddings are normalized by it. Source: ONNX operator ReduceL2, opset 18. The loops are in lib/reduction_loops.
#include "kernel/native/lib/reduction.hpp"

namespace halftone::native {

const FastOp& reduce_l2_op() {
    static const ReductionOp op(ReductionKind::root_of_squares);
    return op;
}

}  // namespace halftone::native
