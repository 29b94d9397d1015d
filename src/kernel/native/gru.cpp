// A smaller LSTM, with three gates and no cell. Source: ONNX operator GRU, opset 14.
// The products and loops are in lib/recurrent, the formulas in lib/recurrent_cells.
#include "kernel/native/lib/recurrent.hpp"

namespace halftone::native {

const FastOp& gru_op() {
    static const RecurrentOp op(/*gates=*/3);
    return op;
}

}  // namespace halftone::native
