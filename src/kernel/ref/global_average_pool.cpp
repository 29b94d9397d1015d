// The mean of each plane. It is the last step before the classifier in most convolutional networks.
// Source: ONNX operator GlobalAveragePool, opset 1. Sums in double, in memory order.
#include "kernel/ref/lib/global_pool.hpp"

namespace halftone::ref {
namespace {

struct PlaneMean {
    float operator()(std::span<const float> plane) const {
        double sum = 0;
        for (const float value : plane) sum += static_cast<double>(value);
        return static_cast<float>(sum / static_cast<double>(plane.size()));
    }
};

}  // namespace

const RefOp& global_average_pool_op() {
    static const GlobalPoolOp<PlaneMean> op;
    return op;
}

}  // namespace halftone::ref
