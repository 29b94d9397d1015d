// h = f(W x + Wb + R h + Rb). The simplest cell: one gate, and its value is the new state.
// In double. Source: ONNX operator RNN, opset 14.
#include "kernel/ref/lib/recurrent.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

RecurrentRule rnn_rule() { return {.gates = 1, .activations = {"Tanh"}}; }

void rnn_step(Cell& cell) {
    const std::vector<double> h = cell.h;
    for (std::size_t u = 0; u < h.size(); ++u) {
        cell.h[u] = cell.activations[0](cell.gates_x[u] + cell.recur(0, static_cast<std::int64_t>(u), h));
    }
}

class RNNOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override { return recurrent_types(op, rnn_rule()); }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        run_recurrent(op, rnn_rule(), inputs, outputs, rnn_step);
    }
};

}  // namespace

const RefOp& rnn_op() {
    static const RNNOp op;
    return op;
}

}  // namespace halftone::ref
