// The hyperbolic sine. Source: ONNX operator Sinh, opset 9.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Sinh {
    explicit Sinh(const Node& /*node*/) {}
    double operator()(double x) const { return std::sinh(x); }
};

}  // namespace

const RefOp& sinh_op() {
    static const RealUnaryOp<Sinh> op;
    return op;
}

}  // namespace halftone::ref
