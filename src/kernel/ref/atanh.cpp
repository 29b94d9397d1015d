// The inverse of the hyperbolic tangent; NaN outside of [-1, 1]. Source: ONNX operator Atanh, opset 9.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Atanh {
    explicit Atanh(const Node& /*node*/) {}
    double operator()(double x) const { return std::atanh(x); }
};

}  // namespace

const RefOp& atanh_op() {
    static const RealUnaryOp<Atanh> op;
    return op;
}

}  // namespace halftone::ref
