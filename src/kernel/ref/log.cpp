// The natural logarithm: -infinity for 0, NaN below.
// Source: ONNX operator Log, opset 13.
#include <cmath>

#include "kernel/ref/lib/unary.hpp"

namespace halftone::ref {
namespace {

struct Log {
    explicit Log(const Node& /*node*/) {}
    double operator()(double x) const { return std::log(x); }
};

}  // namespace

const RefOp& log_op() {
    static const RealUnaryOp<Log> op;
    return op;
}

}  // namespace halftone::ref
