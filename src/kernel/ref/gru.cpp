// z = f(update), r = f(reset), h' = g(new), h = (1 - z) * h' + z * h. With linear_before_reset the reset gate scales R
// h + Rb instead of h, which is how cuDNN computes it; the two are not equal. In double. Source: ONNX operator GRU,
// opset 14.
#include "kernel/ref/lib/recurrent.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

RecurrentRule gru_rule() { return {.gates = 3, .activations = {"Sigmoid", "Tanh"}}; }

/// Gates in the order z, r, h.
void gru_step(Cell& cell, bool is_linear_first) {
    const auto n = static_cast<std::size_t>(cell.hidden);
    const std::vector<double> h = cell.h;
    std::vector<double> update(n);
    std::vector<double> reset(n);
    std::vector<double> kept(n);
    for (std::size_t u = 0; u < n; ++u) {
        const auto gate = [&](std::size_t g) {
            return cell.gates_x[g * n + u] + cell.recur(g, static_cast<std::int64_t>(u), h);
        };
        update[u] = cell.activations[0](gate(0));
        reset[u] = cell.activations[0](gate(1));
        kept[u] = reset[u] * h[u];
    }
    for (std::size_t u = 0; u < n; ++u) {
        const auto unit = static_cast<std::int64_t>(u);
        const double recurrent = is_linear_first ? reset[u] * cell.recur(2, unit, h) : cell.recur(2, unit, kept);
        const double candidate = cell.activations[1](cell.gates_x[2 * n + u] + recurrent);
        cell.h[u] = (1.0 - update[u]) * candidate + update[u] * h[u];
    }
}

class GRUOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override { return recurrent_types(op, gru_rule()); }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const bool is_linear_first = int_attribute(op.node, "linear_before_reset", 0) != 0;
        run_recurrent(op, gru_rule(), inputs, outputs,
                      [is_linear_first](Cell& cell) { gru_step(cell, is_linear_first); });
    }
};

}  // namespace

const RefOp& gru_op() {
    static const GRUOp op;
    return op;
}

}  // namespace halftone::ref
