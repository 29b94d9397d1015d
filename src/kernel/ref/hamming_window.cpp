// The Hamming window of a given size. Source: ONNX operator HammingWindow, opset 17.
#include "kernel/ref/lib/cosine_window.hpp"

namespace halftone::ref {

const RefOp& hamming_window_op() {
    static const CosineWindowOp op({25.0 / 46.0, 21.0 / 46.0, 0.0});
    return op;
}

}  // namespace halftone::ref
