// Speech and text models of many years are made of it. Source: ONNX operator LSTM, opset 14.
// The products and loops are in lib/recurrent, the formulas in lib/recurrent_cells.
#include "kernel/native/lib/recurrent.hpp"

namespace halftone::native {

const FastOp& lstm_op() {
    static const RecurrentOp op(/*gates=*/4);
    return op;
}

}  // namespace halftone::native
