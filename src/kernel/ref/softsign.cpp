// It looks like Tanh, but comes near to 1 only slowly.
// y = x / (1 + |x|). Source: ONNX operator Softsign, opset 1.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Softsign {
    explicit Softsign(const Node& /*node*/) {}
    double operator()(double x) const { return x / (1.0 + std::abs(x)); }
};

}  // namespace

const RefOp& softsign_op() {
    static const RealUnaryOp<Softsign> op;
    return op;
}

}  // namespace halftone::ref
