// The largest element of each plane.
// NaN propagates. Source: ONNX operator GlobalMaxPool, opset 1.
#include "kernel/ref/lib/global_pool.hpp"

namespace halftone::ref {
namespace {

struct PlaneMaximum {
    float operator()(std::span<const float> plane) const {
        float best = plane[0];
        for (const float value : plane) best = value != value || value > best ? value : best;
        return best;
    }
};

}  // namespace

const RefOp& global_max_pool_op() {
    static const GlobalPoolOp<PlaneMaximum> op;
    return op;
}

}  // namespace halftone::ref
