// The logarithm of the sum; NaN where the sum is negative.
// In double, in memory order. Source: ONNX operator ReduceLogSum, opset 18 (13 with the attribute axes).
#include <cmath>

#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceLogSumAccumulator {
    double sum = 0;
    void add(double x) { sum += x; }
    double value(std::int64_t) const { return std::log(sum); }
};

}  // namespace

const RefOp& reduce_log_sum_op() {
    static const ReduceOp<ReduceLogSumAccumulator> op;
    return op;
}

}  // namespace halftone::ref
