// Only the shape changes, so this is a copy, and none at all where the output may take the input's buffer. The tensor
// must lie plain: a channels-last one does not have its elements in row-major order. Source: ONNX operator Flatten,
// opset 13.
#include "kernel/dnnl/lib/copy.hpp"

namespace halftone::onednn {

const FastOp& flatten_op() {
    static const CopyOp op;
    return op;
}

}  // namespace halftone::onednn
