#pragma once
// Softmax and LogSoftmax along any axis of a tensor in any dense layout, in fp32.

#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

/// How the axis lies in memory: `blocks` times `count` slices of `step` elements. With step 1 the axis is innermost.
struct AxisLoops {
    std::int64_t blocks = 1;
    std::int64_t count = 1;
    std::int64_t step = 1;
};

class SoftmaxLikeOp final : public FastOp {
public:
    explicit SoftmaxLikeOp(bool is_log) : is_log_(is_log) {}
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;

private:
    bool is_log_;
};

/// Softmax, or its logarithm, of all blocks by all threads; `y` may be `x`.
void softmax_along_axis(const AxisLoops& loops, bool is_log, const float* x, float* y);

}  // namespace halftone::native
