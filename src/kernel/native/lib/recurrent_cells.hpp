#pragma once
// What a cell does with the sums of its gates, for one block of kPanel hidden units of one sample.

#include "kernel/native/lib/gemm.hpp"
#include "kernel/native/lib/recurrent.hpp"

namespace halftone::native {

/// The sums of one gate stand kPanel apart from those of the next, in ONNX's order: i o f c, or z r h.
struct CellBlock {
    const float* input = nullptr;      ///< W x + the biases that are added to it
    const float* recurrent = nullptr;  ///< R h, and its bias for GRU's last gate; gru_second_half: of that gate alone
    const float* old_state = nullptr;
    float* cell = nullptr;       ///< LSTM: c, read and written
    float* new_state = nullptr;  ///< written
    float* kept = nullptr;       ///< GRU: the reset gate's values times the old state
    float* update = nullptr;     ///< GRU: the update gate's values, from the first half to the second
};

/// Advances a block of an LSTM, an RNN or a GRU with linear_before_reset.
using CellStep = void (*)(const CellBlock&);
[[nodiscard]] CellStep cell_step(CellKind kind);
/// The halves of CellKind::gru: the first makes `kept` and `update`; the second needs the product with all of `kept`.
[[nodiscard]] CellStep gru_first_half();
[[nodiscard]] CellStep gru_second_half();

}  // namespace halftone::native
