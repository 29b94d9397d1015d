// The largest whole number that is not above x. Infinities, NaN and -0 stay what they are.
// Source: ONNX operator Floor, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Floor {
    explicit Floor(const Node& /*node*/) {}
    double operator()(double x) const { return std::floor(x); }
};

}  // namespace

const RefOp& floor_op() {
    static const RealUnaryOp<Floor> op;
    return op;
}

}  // namespace halftone::ref
