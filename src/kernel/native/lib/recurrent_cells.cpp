// One body for each kind of cell, compiled for the base instruction set, for AVX2 and for AVX-512. The blocks have a
// fixed length, so the loops vectorise without a remainder. Source of the formulas: ONNX operators LSTM, GRU and RNN,
// opset 14.
#include "kernel/native/lib/recurrent_cells.hpp"

#include "kernel/codes/targets.hpp"
#include "kernel/native/lib/exponentials.hpp"
#include "kernel/ops/machine.hpp"

namespace halftone::native {
namespace {

// Gates in the order i o f c. The cell is written before the state reads it.
template <bool Fused>
HALFTONE_INLINE void lstm_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) {
        const float i = gate_value<Fused>(b.input[u] + b.recurrent[u]);
        const float o = gate_value<Fused>(b.input[kPanel + u] + b.recurrent[kPanel + u]);
        const float f = gate_value<Fused>(b.input[2 * kPanel + u] + b.recurrent[2 * kPanel + u]);
        const float candidate = hyperbolic_tangent<Fused>(b.input[3 * kPanel + u] + b.recurrent[3 * kPanel + u]);
        // c' = f . c + i . candidate; h' = o . tanh(c').
        const float cell = f * b.cell[u] + i * candidate;
        b.cell[u] = cell;
        b.new_state[u] = o * hyperbolic_tangent<Fused>(cell);
    }
}

// The reset gate scales the product with the state, so all three gates are known at once.
template <bool Fused>
HALFTONE_INLINE void gru_linear_first_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) {
        const float z = gate_value<Fused>(b.input[u] + b.recurrent[u]);
        const float r = gate_value<Fused>(b.input[kPanel + u] + b.recurrent[kPanel + u]);
        const float candidate = hyperbolic_tangent<Fused>(b.input[2 * kPanel + u] + r * b.recurrent[2 * kPanel + u]);
        b.new_state[u] = (1.0F - z) * candidate + z * b.old_state[u];
    }
}

// The reset gate scales the state before the product: what all units keep must be known before any new gate.
template <bool Fused>
HALFTONE_INLINE void gru_first_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) {
        b.update[u] = gate_value<Fused>(b.input[u] + b.recurrent[u]);
        b.kept[u] = gate_value<Fused>(b.input[kPanel + u] + b.recurrent[kPanel + u]) * b.old_state[u];
    }
}

template <bool Fused>
HALFTONE_INLINE void gru_second_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) {
        const float candidate = hyperbolic_tangent<Fused>(b.input[2 * kPanel + u] + b.recurrent[u]);
        b.new_state[u] = (1.0F - b.update[u]) * candidate + b.update[u] * b.old_state[u];
    }
}

template <bool Fused>
HALFTONE_INLINE void rnn_tanh_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) b.new_state[u] = hyperbolic_tangent<Fused>(b.input[u] + b.recurrent[u]);
}

template <bool Fused>
HALFTONE_INLINE void rnn_relu_block(const CellBlock& b) {
    for (std::int64_t u = 0; u < kPanel; ++u) {
        const float sum = b.input[u] + b.recurrent[u];
        b.new_state[u] = sum < 0.0F ? 0.0F : sum;  // NaN passes
    }
}

// A pointer in CellBlock may be read anew behind every store, as it could be stored over; a local copy cannot.
#define HALFTONE_CELL(name)                            \
    void name##_base(const CellBlock& given) {         \
        const CellBlock b = given;                     \
        name##_block<false>(b);                        \
    }                                                  \
    HALFTONE_CELL_WIDE(name)                           \
    CellStep name() {                                  \
        if (has_avx512()) return name##_widest;        \
        return has_avx2() ? name##_wide : name##_base; \
    }
#ifdef __x86_64__
#define HALFTONE_CELL_WIDE(name)                                     \
    HALFTONE_FMA void name##_wide(const CellBlock& given) {          \
        const CellBlock b = given;                                   \
        name##_block<true>(b);                                       \
    }                                                                \
    HALFTONE_AVX512_FMA void name##_widest(const CellBlock& given) { \
        const CellBlock b = given;                                   \
        name##_block<true>(b);                                       \
    }
#else
#define HALFTONE_CELL_WIDE(name)                                     \
    void name##_wide(const CellBlock& given) { name##_base(given); } \
    void name##_widest(const CellBlock& given) { name##_base(given); }
#endif

HALFTONE_CELL(lstm)
HALFTONE_CELL(gru_linear_first)
HALFTONE_CELL(gru_first)
HALFTONE_CELL(gru_second)
HALFTONE_CELL(rnn_tanh)
HALFTONE_CELL(rnn_relu)

}  // namespace

CellStep cell_step(CellKind kind) {
    switch (kind) {
        case CellKind::lstm:
            return lstm();
        case CellKind::rnn_tanh:
            return rnn_tanh();
        case CellKind::rnn_relu:
            return rnn_relu();
        default:
            // The other form of a GRU has two halves with a product between them: gru_first_half and gru_second_half.
            return gru_linear_first();
    }
}

CellStep gru_first_half() { return gru_first(); }
CellStep gru_second_half() { return gru_second(); }

}  // namespace halftone::native
