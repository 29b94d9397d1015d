// expm1 and not exp - 1: near 0 the subtraction would cancel all digits. For large negative x the result is -alpha.
// y = x < 0 ? alpha * (exp(x) - 1) : x. Source: ONNX operator Elu, opset 6.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Elu {
    explicit Elu(const Node& node) : alpha(real_attribute(node, "alpha", 1.0F)) {}
    double operator()(double x) const { return x < 0 ? alpha * std::expm1(x) : x; }

    double alpha;
};

}  // namespace

const RefOp& elu_op() {
    static const RealUnaryOp<Elu> op;
    return op;
}

}  // namespace halftone::ref
