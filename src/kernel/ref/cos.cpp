// The cosine of an angle in radians; NaN for the infinities.
// Source: ONNX operator Cos, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Cos {
    explicit Cos(const Node& /*node*/) {}
    double operator()(double x) const { return std::cos(x); }
};

}  // namespace

const RefOp& cos_op() {
    static const RealUnaryOp<Cos> op;
    return op;
}

}  // namespace halftone::ref
