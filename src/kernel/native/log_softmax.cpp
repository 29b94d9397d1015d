// Speech and text recognizers end in it, over thousands of classes. Source: ONNX operator LogSoftmax, opset 13.
// The loops are in lib/along_axis_loops.
#include "kernel/native/lib/along_axis.hpp"

namespace halftone::native {

const FastOp& log_softmax_op() {
    static const SoftmaxLikeOp op(/*is_log=*/true);
    return op;
}

}  // namespace halftone::native
