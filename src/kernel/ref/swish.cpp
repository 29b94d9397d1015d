// With alpha 1 it is what EfficientNet calls swish. Before opset 24, exporters write it as Sigmoid and Mul.
// y = x / (1 + exp(-alpha * x)), also called SiLU. Source: ONNX operator Swish, opset 24.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Swish {
    explicit Swish(const Node& node) : alpha(real_attribute(node, "alpha", 1.0F)) {}
    double operator()(double x) const { return x / (1.0 + std::exp(-alpha * x)); }

    double alpha;
};

}  // namespace

const RefOp& swish_op() {
    static const RealUnaryOp<Swish> op;
    return op;
}

}  // namespace halftone::ref
