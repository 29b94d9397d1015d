// The square root of the sum of squares.
// In double, in memory order. Source: ONNX operator ReduceL2, opset 18 (13 with the attribute axes).
#include <cmath>

#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceL2Accumulator {
    double sum = 0;
    void add(double x) { sum += x * x; }
    double value(std::int64_t) const { return std::sqrt(sum); }
};

}  // namespace

const RefOp& reduce_l2_op() {
    static const ReduceOp<ReduceL2Accumulator> op;
    return op;
}

}  // namespace halftone::ref
