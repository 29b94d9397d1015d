// The sum of absolute values. The double sum is exact for codes and integers up to 2^53.
// In double, in memory order. Source: ONNX operator ReduceL1, opset 18 (13 with the attribute axes).
#include <cmath>

#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

struct ReduceL1Accumulator {
    double sum = 0;
    void add(double x) { sum += std::abs(x); }
    double value(std::int64_t) const { return sum; }
};

}  // namespace

const RefOp& reduce_l1_op() {
    static const ReduceOp<ReduceL1Accumulator> op;
    return op;
}

}  // namespace halftone::ref
