// The least whole number that is not below x. Infinities, NaN and -0 stay what they are.
// Source: ONNX operator Ceil, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Ceil {
    explicit Ceil(const Node& /*node*/) {}
    double operator()(double x) const { return std::ceil(x); }
};

}  // namespace

const RefOp& ceil_op() {
    static const RealUnaryOp<Ceil> op;
    return op;
}

}  // namespace halftone::ref
