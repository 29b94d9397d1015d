// The tensor itself: a tensor that is given is an optional value that is there. Optional types are not supported, so
// nothing else can come. Source: ONNX operator OptionalGetElement, opset 18.
#include "kernel/ref/lib/moving_op.hpp"

namespace halftone::ref {

const RefOp& optional_get_element_op() {
    static const CopyingOp op;
    return op;
}

}  // namespace halftone::ref
