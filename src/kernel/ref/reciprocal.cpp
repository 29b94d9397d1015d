// y = 1 / x by a division, not by an approximation; infinity for 0.
// Source: ONNX operator Reciprocal, opset 13.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Reciprocal {
    explicit Reciprocal(const Node& /*node*/) {}
    double operator()(double x) const { return 1.0 / x; }
};

}  // namespace

const RefOp& reciprocal_op() {
    static const RealUnaryOp<Reciprocal> op;
    return op;
}

}  // namespace halftone::ref
