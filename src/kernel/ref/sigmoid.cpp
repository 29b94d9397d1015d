// For large negative x, exp(-x) is infinite in double and the result is the right one, 0; so no case is needed.
// y = 1 / (1 + exp(-x)). Source: ONNX operator Sigmoid, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sigmoid {
    explicit Sigmoid(const Node& /*node*/) {}
    double operator()(double x) const { return 1.0 / (1.0 + std::exp(-x)); }
};

}  // namespace

const RefOp& sigmoid_op() {
    static const RealUnaryOp<Sigmoid> op;
    return op;
}

}  // namespace halftone::ref
