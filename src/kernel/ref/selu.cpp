// The two constants are the standard's floats, not rounder numbers: they make mean 0 and variance 1 a fixed point.
// y = gamma * (x > 0 ? x : alpha * (exp(x) - 1)). Source: ONNX operator Selu, opset 6.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Selu {
    explicit Selu(const Node& node)
        : alpha(real_attribute(node, "alpha", 1.6732631921768188F)),
          gamma(real_attribute(node, "gamma", 1.0507010221481323F)) {}
    double operator()(double x) const { return gamma * (x > 0 ? x : alpha * std::expm1(x)); }

    double alpha;
    double gamma;
};

}  // namespace

const RefOp& selu_op() {
    static const RealUnaryOp<Selu> op;
    return op;
}

}  // namespace halftone::ref
