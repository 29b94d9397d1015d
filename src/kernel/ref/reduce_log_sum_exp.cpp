// The logarithm of the sum of exponentials, a smooth maximum.
// In double, in memory order. Source: ONNX operator ReduceLogSumExp, opset 18 (13 with the attribute axes).
#include <cmath>
#include <limits>

#include "kernel/ref/lib/reduce.hpp"

namespace halftone::ref {
namespace {

/// log(sum(exp(x))), with the largest so far taken out, so that nothing overflows.
struct ReduceLogSumExpAccumulator {
    double largest = -std::numeric_limits<double>::infinity();
    double sum = 0;
    void add(double x) {
        if (x == -std::numeric_limits<double>::infinity()) return;
        if (x > largest) {
            sum = sum * std::exp(largest - x) + 1.0;
            largest = x;
        } else {
            sum += std::exp(x - largest);
        }
    }
    double value(std::int64_t) const { return largest + std::log(sum); }
};

}  // namespace

const RefOp& reduce_log_sum_exp_op() {
    static const ReduceOp<ReduceLogSumExpAccumulator> op;
    return op;
}

}  // namespace halftone::ref
