// Unlike Relu it jumps: just above alpha the result is alpha and not 0.
// y = x > alpha ? x : 0. Source: ONNX operator ThresholdedRelu, opset 10.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct ThresholdedRelu {
    explicit ThresholdedRelu(const Node& node) : alpha(real_attribute(node, "alpha", 1.0F)) {}
    double operator()(double x) const { return x > alpha ? x : 0.0; }

    double alpha;
};

}  // namespace

const RefOp& thresholded_relu_op() {
    static const RealUnaryOp<ThresholdedRelu> op;
    return op;
}

}  // namespace halftone::ref
