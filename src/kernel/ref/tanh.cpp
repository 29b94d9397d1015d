// From about |x| > 9 on the result of a float is exactly 1 or -1.
// Source: ONNX operator Tanh, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Tanh {
    explicit Tanh(const Node& /*node*/) {}
    double operator()(double x) const { return std::tanh(x); }
};

}  // namespace

const RefOp& tanh_op() {
    static const RealUnaryOp<Tanh> op;
    return op;
}

}  // namespace halftone::ref
