// The mean. The rule accepts axes as an attribute and as an input, because opset 18 moved them.
// In double, in memory order. Source: ONNX operator ReduceMean, opset 18 (13 with the attribute axes).
#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceMeanAccumulator {
    double sum = 0;
    void add(double x) { sum += x; }
    double value(std::int64_t n) const { return sum / static_cast<double>(n); }
};

}  // namespace

const RefOp& reduce_mean_op() {
    static const ReduceOp<ReduceMeanAccumulator> op;
    return op;
}

}  // namespace halftone::ref
