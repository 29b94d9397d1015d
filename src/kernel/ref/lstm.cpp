// c = f * c + i * g(new), h = o * h(c), where i, o and f are gates. Peepholes let the gates see the cell: i and f the
// old one, o the new one. In double. Source: ONNX operator LSTM, opset 14.
#include "kernel/ref/lib/recurrent.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

RecurrentRule lstm_rule() { return {.gates = 4, .activations = {"Sigmoid", "Tanh", "Tanh"}, .has_cell = true}; }

/// Gates in the order i, o, f, c; peepholes i, o, f.
void lstm_step(Cell& cell) {
    const auto n = static_cast<std::size_t>(cell.hidden);
    const std::vector<double> h = cell.h;
    for (std::size_t u = 0; u < n; ++u) {
        const auto gate = [&](std::size_t g) {
            return cell.gates_x[g * n + u] + cell.recur(g, static_cast<std::int64_t>(u), h);
        };
        const double i = cell.activations[0](gate(0) + cell.peepholes[u] * cell.c[u]);
        const double f = cell.activations[0](gate(2) + cell.peepholes[2 * n + u] * cell.c[u]);
        const double candidate = cell.activations[1](gate(3));
        cell.c[u] = f * cell.c[u] + i * candidate;
        const double o = cell.activations[0](gate(1) + cell.peepholes[n + u] * cell.c[u]);
        cell.h[u] = o * cell.activations[2](cell.c[u]);
    }
}

class LSTMOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override { return recurrent_types(op, lstm_rule()); }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        run_recurrent(op, lstm_rule(), inputs, outputs, lstm_step);
    }
};

}  // namespace

const RefOp& lstm_op() {
    static const LSTMOp op;
    return op;
}

}  // namespace halftone::ref
