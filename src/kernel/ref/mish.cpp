// The softplus inside is written without overflow, as in softplus.cpp; dnnl leaves this operator to ref.
// A smooth relative of Relu that some detection networks use.
// y = x * tanh(log(1 + exp(x))). Source: ONNX operator Mish, opset 18.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Mish {
    explicit Mish(const Node& /*node*/) {}
    double operator()(double x) const { return x * std::tanh(std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)))); }
};

}  // namespace

const RefOp& mish_op() {
    static const RealUnaryOp<Mish> op;
    return op;
}

}  // namespace halftone::ref
