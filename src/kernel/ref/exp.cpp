// e to the power of x. Beyond about 88.7 the result of a float is infinity.
// Source: ONNX operator Exp, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Exp {
    explicit Exp(const Node& /*node*/) {}
    double operator()(double x) const { return std::exp(x); }
};

}  // namespace

const RefOp& exp_op() {
    static const RealUnaryOp<Exp> op;
    return op;
}

}  // namespace halftone::ref
