// The square root, correctly rounded (IEEE 754 asks for that); NaN below 0.
// Source: ONNX operator Sqrt, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sqrt {
    explicit Sqrt(const Node& /*node*/) {}
    double operator()(double x) const { return std::sqrt(x); }
};

}  // namespace

const RefOp& sqrt_op() {
    static const RealUnaryOp<Sqrt> op;
    return op;
}

}  // namespace halftone::ref
