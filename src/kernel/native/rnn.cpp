// The plain recurrent network: one gate, and its value is the state. Source: ONNX operator RNN, opset 14.
// The products and loops are in lib/recurrent, the formulas in lib/recurrent_cells.
#include "kernel/native/lib/recurrent.hpp"

namespace halftone::native {

const FastOp& rnn_op() {
    static const RecurrentOp op(/*gates=*/1);
    return op;
}

}  // namespace halftone::native
