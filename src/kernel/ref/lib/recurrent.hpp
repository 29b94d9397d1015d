#pragma once
// What LSTM, GRU and RNN share: inputs and outputs, directions, activations. In double.
// Source: ONNX operators LSTM, GRU, RNN, opset 14 (7 is the same without layout).

#include <functional>
#include <string>
#include <vector>

#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// How the gates of an operator are numbered in W [directions, gates * hidden, input], R and B.
struct RecurrentRule {
    std::size_t gates = 1;
    std::vector<std::string> activations;  ///< of one direction, by default
    bool has_cell = false;                 ///< LSTM: initial_c, Y_c and peepholes
};

struct RecurrentShape {
    std::int64_t steps = 0;
    std::int64_t batch = 0;
    std::int64_t input = 0;
    std::int64_t hidden = 0;
    std::int64_t directions = 1;
    bool is_batch_first = false;
};

/// Checks everything but numbers. @throws ModelError
[[nodiscard]] RecurrentShape recurrent_shape(const OpContext& op, const RecurrentRule& rule);
[[nodiscard]] std::vector<TensorType> recurrent_types(const OpContext& op, const RecurrentRule& rule);

using Activation = std::function<double(double)>;

/// One direction's weights and state of one sample, as a cell's step sees them.
struct Cell {
    std::int64_t hidden = 0;
    std::vector<double> gates_x;  ///< W x + Wb, gates * hidden
    std::vector<double> h;
    std::vector<double> c;          ///< LSTM
    std::vector<double> peepholes;  ///< LSTM, 3 * hidden, zeros if none
    std::vector<Activation> activations;
    std::function<double(std::size_t gate, std::int64_t unit, const std::vector<double>& state)> recur;  ///< R h + Rb
};

/// Runs `step`, which advances cell.h (and cell.c) by one input, over all directions, samples and steps, and writes the
/// outputs Y, Y_h and Y_c that are asked for.
void run_recurrent(const OpContext& op, const RecurrentRule& rule, std::span<const TensorView> inputs,
                   std::span<const MutableView> outputs, const std::function<void(Cell&)>& step);

}  // namespace halftone::ref
