// The Hann window of a given size. Source: ONNX operator HannWindow, opset 17.
#include "kernel/ref/lib/cosine_window.hpp"

namespace halftone::ref {

const RefOp& hann_window_op() {
    static const CosineWindowOp op({0.5, 0.5, 0.0});
    return op;
}

}  // namespace halftone::ref
