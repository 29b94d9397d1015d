// As Reshape: a copy of plain elements, or none where the output takes the input's buffer.
// Source: ONNX operator Unsqueeze, opset 13.
#include "kernel/dnnl/lib/copy.hpp"

namespace halftone::onednn {

const FastOp& unsqueeze_op() {
    static const CopyOp op;
    return op;
}

}  // namespace halftone::onednn
