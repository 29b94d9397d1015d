// The hyperbolic cosine. Source: ONNX operator Cosh, opset 9.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Cosh {
    explicit Cosh(const Node& /*node*/) {}
    double operator()(double x) const { return std::cosh(x); }
};

}  // namespace

const RefOp& cosh_op() {
    static const RealUnaryOp<Cosh> op;
    return op;
}

}  // namespace halftone::ref
