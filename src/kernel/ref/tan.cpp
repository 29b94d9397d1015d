// The tangent of an angle in radians; NaN for the infinities.
// Source: ONNX operator Tan, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Tan {
    explicit Tan(const Node& /*node*/) {}
    double operator()(double x) const { return std::tan(x); }
};

}  // namespace

const RefOp& tan_op() {
    static const RealUnaryOp<Tan> op;
    return op;
}

}  // namespace halftone::ref
