// The sum; 0 over nothing. The rule accepts axes as an attribute and as an input, because opset 13 moved them.
// In double, in memory order. Source: ONNX operator ReduceSum, opset 18 (13 with the attribute axes).
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceSumAccumulator {
    double sum = 0;
    void add(double x) { sum += x; }
    double value(std::int64_t) const { return sum; }
};

}  // namespace

const RefOp& reduce_sum_op() {
    static const ReduceOp<ReduceSumAccumulator> op;
    return op;
}

}  // namespace halftone::ref
