// The Blackman window of a given size. Source: ONNX operator BlackmanWindow, opset 17.
#include "kernel/ref/lib/cosine_window.hpp"

namespace halftone::ref {

const RefOp& blackman_window_op() {
    static const CosineWindowOp op({0.42, 0.5, 0.08});
    return op;
}

}  // namespace halftone::ref
