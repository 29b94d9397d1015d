#pragma once
// LSTM, GRU and RNN in fp32 by products with packed weights. Each operator's file gives only the kind of its cell.

#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

enum class CellKind {
    lstm,
    gru,               ///< the reset gate scales the state before the product
    gru_linear_first,  ///< linear_before_reset: it scales the product
    rnn_tanh,
    rnn_relu
};

/// Takes the default activations, any direction, both layouts, sequence lengths and initial states; W, R and B must be
/// constants. Peepholes, clip and other activations are left to the plain loops.
class RecurrentOp final : public FastOp {
public:
    /// @param gates  rows of W for each hidden unit: 4, 3 or 1
    explicit RecurrentOp(std::int64_t gates) : gates_(gates) {}
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

private:
    std::int64_t gates_;
};

}  // namespace halftone::native
