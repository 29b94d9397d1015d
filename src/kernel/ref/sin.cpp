// The sine of an angle in radians; NaN for the infinities.
// Source: ONNX operator Sin, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sin {
    explicit Sin(const Node& /*node*/) {}
    double operator()(double x) const { return std::sin(x); }
};

}  // namespace

const RefOp& sin_op() {
    static const RealUnaryOp<Sin> op;
    return op;
}

}  // namespace halftone::ref
