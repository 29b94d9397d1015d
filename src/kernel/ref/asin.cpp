// The arc sine, in radians from -pi/2 to pi/2. Outside of [-1, 1] the result is NaN.
// Source: ONNX operator Asin, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Asin {
    explicit Asin(const Node& /*node*/) {}
    double operator()(double x) const { return std::asin(x); }
};

}  // namespace

const RefOp& asin_op() {
    static const RealUnaryOp<Asin> op;
    return op;
}

}  // namespace halftone::ref
