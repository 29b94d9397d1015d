// The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Exporters write an exact Gelu with it.
// Source: ONNX operator Erf, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Erf {
    explicit Erf(const Node& /*node*/) {}
    double operator()(double x) const { return std::erf(x); }
};

}  // namespace

const RefOp& erf_op() {
    static const RealUnaryOp<Erf> op;
    return op;
}

}  // namespace halftone::ref
