// The largest element is taken out before exp(), so that nothing overflows; in exact arithmetic that changes nothing.
// y = exp(x - max) / sum(exp(x - max)) along one axis, in double. Source: ONNX operator Softmax, opset 13.
#include <cmath>

#include "kernel/ref/lib/along_axis.hpp"

namespace halftone::ref {
namespace {

struct Softmax {
    void operator()(const float* x, float* y, std::int64_t count, std::int64_t step) const {
        const Powers powers = powers_of(x, count, step);
        for (std::int64_t i = 0; i < count; ++i) {
            y[i * step] = static_cast<float>(powers.values[static_cast<std::size_t>(i)] / powers.sum);
        }
    }
};

}  // namespace

const RefOp& softmax_op() {
    static const AlongAxisOp<Softmax> op;
    return op;
}

}  // namespace halftone::ref
