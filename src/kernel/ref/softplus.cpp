// Written as max(x, 0) + log1p(exp(-|x|)): the exponential is at most 1, and log1p keeps the digits of small ones.
// y = log(1 + exp(x)), which exp(x) alone would overflow. Source: ONNX operator Softplus, opset 1.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Softplus {
    explicit Softplus(const Node& /*node*/) {}
    double operator()(double x) const { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
};

}  // namespace

const RefOp& softplus_op() {
    static const RealUnaryOp<Softplus> op;
    return op;
}

}  // namespace halftone::ref
