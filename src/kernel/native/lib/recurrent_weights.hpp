#pragma once
// What LSTM, GRU and RNN of this folder are built from: sizes, the kind of the cell, and packed weights.

#include <vector>

#include "kernel/native/lib/gemm.hpp"
#include "kernel/native/lib/recurrent.hpp"

namespace halftone::native {

// Inputs of the three operators, by number.
inline constexpr std::size_t kInputBias = 3;
inline constexpr std::size_t kInputLengths = 4;
inline constexpr std::size_t kInputState = 5;
inline constexpr std::size_t kInputCell = 6;
inline constexpr std::size_t kInputPeepholes = 7;

struct RecurrentSizes {
    std::int64_t steps = 0;
    std::int64_t batch = 0;
    std::int64_t input = 0;
    std::int64_t hidden = 0;
    std::int64_t directions = 1;
    std::int64_t gates = 1;
    bool is_batch_first = false;
    bool is_reverse = false;  ///< of the only direction

    [[nodiscard]] std::int64_t blocks() const { return (hidden + kPanel - 1) / kPanel; }
    [[nodiscard]] std::int64_t padded() const { return blocks() * kPanel; }  ///< hidden, in whole blocks
    [[nodiscard]] std::int64_t columns() const { return gates * padded(); }
    /// The number of a sample at a time in the memory of X.
    [[nodiscard]] std::int64_t row(std::int64_t t, std::int64_t sample) const {
        return is_batch_first ? sample * steps + t : t * batch + sample;
    }
    /// The first element of a hidden vector in Y.
    [[nodiscard]] std::int64_t output(std::int64_t t, std::int64_t direction, std::int64_t sample) const {
        const std::int64_t vector = is_batch_first ? (sample * steps + t) * directions + direction
                                                   : (t * directions + direction) * batch + sample;
        return vector * hidden;
    }
    /// The same in initial and final states.
    [[nodiscard]] std::int64_t state(std::int64_t direction, std::int64_t sample) const {
        return (is_batch_first ? sample * directions + direction : direction * batch + sample) * hidden;
    }
};

/// @param gates  rows of W for each hidden unit
[[nodiscard]] RecurrentSizes recurrent_sizes(const KernelRequest& request, std::int64_t gates);

/// The cell that a node asks for. @pre has_known_activations(node)
[[nodiscard]] CellKind kind_of(const Node& node);
/// Returns whether the node has the default activations, or Relu in an RNN.
[[nodiscard]] bool has_known_activations(const Node& node);

/// One direction's weights. In a matrix the gates of a block of kPanel units stand side by side, so that a cell finds
/// all that it needs of a block in one place.
struct RecurrentDirection {
    PackedMatrix input;
    PackedMatrix recurrent;  ///< of GRU that resets first: the gates z and r
    PackedMatrix last_gate;  ///< of GRU that resets first: the gate h, alone
    std::vector<float> input_bias;
    std::vector<float> recurrent_bias;  ///< only of GRU's last gate in CellKind::gru_linear_first; empty: none
};

[[nodiscard]] RecurrentDirection pack_direction(const KernelRequest& request, const RecurrentSizes& s, CellKind kind,
                                                std::int64_t direction);

}  // namespace halftone::native
