// alpha and beta are 0.2 and 0.5 unless the node says otherwise; MobileNetV3 has 1/6.
// y = max(0, min(1, alpha * x + beta)). Source: ONNX operator HardSigmoid, opset 6.
#include <algorithm>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct HardSigmoid {
    explicit HardSigmoid(const Node& node)
        : alpha(real_attribute(node, "alpha", 0.2F)), beta(real_attribute(node, "beta", 0.5F)) {}
    double operator()(double x) const { return std::max(0.0, std::min(1.0, alpha * x + beta)); }

    double alpha;
    double beta;
};

}  // namespace

const RefOp& hard_sigmoid_op() {
    static const RealUnaryOp<HardSigmoid> op;
    return op;
}

}  // namespace halftone::ref
