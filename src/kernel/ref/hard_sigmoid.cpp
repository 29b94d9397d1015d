// alpha and beta are 0.2 and 0.5 unless the node says otherwise; MobileNetV3 has 1/6.
// y = max(0, min(1, alpha * x + beta)). Source: ONNX operator HardSigmoid, opset 6.
#include <algorithm>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct HardSigmoid {
    explicit HardSigmoid(const Node& node)
        : alpha(real_attribute(node, "alpha", 0.2F)), beta(real_attribute(node, "beta", 0.5F)) {}
    /// std::clamp returns NaN as it is; std::max and std::min with the bound first would return the bound.
    double operator()(double x) const { return std::clamp(alpha * x + beta, 0.0, 1.0); }

    double alpha;
    double beta;
};

}  // namespace

const RefOp& hard_sigmoid_op() {
    static const RealUnaryOp<HardSigmoid> op;
    return op;
}

}  // namespace halftone::ref
