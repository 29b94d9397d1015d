// y = x < -lambd ? x + bias : x > lambd ? x - bias : 0. Source: ONNX operator Shrink, opset 9; real numbers only.
#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Shrink {
    explicit Shrink(const Node& node)
        : bias(real_attribute(node, "bias", 0.0F)), limit(real_attribute(node, "lambd", 0.5F)) {}
    double operator()(double x) const {
        // Between the limits everything is 0: noise is removed, and what remains moves toward 0 by the bias.
        if (x < -limit) return x + bias;
        return x > limit ? x - bias : 0;
    }

    double bias;
    double limit;
};

}  // namespace

const RefOp& shrink_op() {
    static const RealUnaryOp<Shrink> op;
    return op;
}

}  // namespace halftone::ref
