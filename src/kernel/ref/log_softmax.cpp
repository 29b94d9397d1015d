// It is not the logarithm of Softmax: that would be -infinity where exp() is 0 in double.
// y = x - max - log(sum(exp(x - max))) along one axis, in double. Source: ONNX operator LogSoftmax, opset 13.
#include <cmath>

#include "kernel/ref/lib/along_axis.hpp"

namespace halftone::ref {
namespace {

struct LogSoftmax {
    void operator()(const float* x, float* y, std::int64_t count, std::int64_t step) const {
        const Powers powers = powers_of(x, count, step);
        const double shift = powers.largest + std::log(powers.sum);
        for (std::int64_t i = 0; i < count; ++i)
            y[i * step] = static_cast<float>(static_cast<double>(x[i * step]) - shift);
    }
};

}  // namespace

const RefOp& log_softmax_op() {
    static const AlongAxisOp<LogSoftmax> op;
    return op;
}

}  // namespace halftone::ref
