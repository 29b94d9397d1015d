// nearbyint follows the rounding mode of the process, which nobody changes: ties to even.
// Halves go to the even neighbour. Source: ONNX operator Round, opset 11.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Round {
    explicit Round(const Node& /*node*/) {}
    double operator()(double x) const { return std::nearbyint(x); }
};

}  // namespace

const RefOp& round_op() {
    static const RealUnaryOp<Round> op;
    return op;
}

}  // namespace halftone::ref
