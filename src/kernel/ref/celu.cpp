// expm1 and not exp - 1, which would cancel near 0. Unlike Elu its slope is 1 at 0 for every alpha.
// y = max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). Source: ONNX operator Celu, opset 12.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Celu {
    explicit Celu(const Node& node) : alpha(real_attribute(node, "alpha", 1.0F)) {}
    /// NaN comes first in max and min: they return their first operand where the comparison is false.
    double operator()(double x) const { return std::max(x, 0.0) + std::min(alpha * std::expm1(x / alpha), 0.0); }

    double alpha;
};

}  // namespace

const RefOp& celu_op() {
    static const RealUnaryOp<Celu> op;
    return op;
}

}  // namespace halftone::ref
