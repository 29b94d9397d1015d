// MobileNetV3's activation: a Swish without an exponential. Its two constants are fixed, so it has no attributes.
// y = x * max(0, min(1, x / 6 + 0.5)). Source: ONNX operator HardSwish, opset 14.
#include <algorithm>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct HardSwish {
    explicit HardSwish(const Node& /*node*/) {}
    double operator()(double x) const { return x * std::max(0.0, std::min(1.0, x / 6.0 + 0.5)); }
};

}  // namespace

const RefOp& hard_swish_op() {
    static const RealUnaryOp<HardSwish> op;
    return op;
}

}  // namespace halftone::ref
