// Attention has it over the last axis, segmentation over the channels. Source: ONNX operator Softmax, opset 13.
// The loops are in lib/along_axis_loops.
#include "kernel/native/lib/along_axis.hpp"

namespace halftone::native {

const FastOp& softmax_op() {
    static const SoftmaxLikeOp op(/*is_log=*/false);
    return op;
}

}  // namespace halftone::native
