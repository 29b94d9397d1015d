// The inverse of the hyperbolic sine. Source: ONNX operator Asinh, opset 9.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Asinh {
    explicit Asinh(const Node& /*node*/) {}
    double operator()(double x) const { return std::asinh(x); }
};

}  // namespace

const RefOp& asinh_op() {
    static const RealUnaryOp<Asinh> op;
    return op;
}

}  // namespace halftone::ref
