// alpha is 0.01 unless the node says otherwise; detection networks have 0.1.
// y = x < 0 ? alpha * x : x. Source: ONNX operator LeakyRelu, opset 16.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct LeakyRelu {
    explicit LeakyRelu(const Node& node) : alpha(real_attribute(node, "alpha", 0.01F)) {}
    double operator()(double x) const { return x < 0 ? alpha * x : x; }

    double alpha;
};

}  // namespace

const RefOp& leaky_relu_op() {
    static const RealUnaryOp<LeakyRelu> op;
    return op;
}

}  // namespace halftone::ref
