// The arc cosine, in radians from 0 to pi. Outside of [-1, 1] the result is NaN, as in the C library, whose function it
// is. Source: ONNX operator Acos, opset 7.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Acos {
    explicit Acos(const Node& /*node*/) {}
    double operator()(double x) const { return std::acos(x); }
};

}  // namespace

const RefOp& acos_op() {
    static const RealUnaryOp<Acos> op;
    return op;
}

}  // namespace halftone::ref
