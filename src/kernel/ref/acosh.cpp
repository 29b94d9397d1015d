// The inverse of the hyperbolic cosine; NaN below 1. Source: ONNX operator Acosh, opset 9.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Acosh {
    explicit Acosh(const Node& /*node*/) {}
    double operator()(double x) const { return std::acosh(x); }
};

}  // namespace

const RefOp& acosh_op() {
    static const RealUnaryOp<Acosh> op;
    return op;
}

}  // namespace halftone::ref
