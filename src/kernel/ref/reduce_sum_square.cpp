// The sum of squares; 0 over nothing.
// In double, in memory order. Source: ONNX operator ReduceSumSquare, opset 18 (13 with the attribute axes).
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceSumSquareAccumulator {
    double sum = 0;
    void add(double x) { sum += x * x; }
    double value(std::int64_t) const { return sum; }
};

}  // namespace

const RefOp& reduce_sum_square_op() {
    static const ReduceOp<ReduceSumSquareAccumulator> op;
    return op;
}

}  // namespace halftone::ref
