// The arc tangent, in radians from -pi/2 to pi/2, which the infinities reach.
// Source: ONNX operator Atan, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Atan {
    explicit Atan(const Node& /*node*/) {}
    double operator()(double x) const { return std::atan(x); }
};

}  // namespace

const RefOp& atan_op() {
    static const RealUnaryOp<Atan> op;
    return op;
}

}  // namespace halftone::ref
