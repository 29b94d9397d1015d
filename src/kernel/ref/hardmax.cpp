// The first of several equal largest elements gets the 1, so that the sum is always 1.
// 1 at the first largest element along one axis, 0 elsewhere. Source: ONNX operator Hardmax, opset 13.
#include <cmath>

#include "kernel/ref/lib/along_axis.hpp"

namespace halftone::ref {
namespace {

struct Hardmax {
    void operator()(const float* x, float* y, std::int64_t count, std::int64_t step) const {
        std::int64_t best = 0;
        for (std::int64_t i = 1; i < count; ++i) best = x[i * step] > x[best * step] ? i : best;
        for (std::int64_t i = 0; i < count; ++i) y[i * step] = i == best ? 1.0F : 0.0F;
    }
};

}  // namespace

const RefOp& hardmax_op() {
    static const AlongAxisOp<Hardmax> op;
    return op;
}

}  // namespace halftone::ref
