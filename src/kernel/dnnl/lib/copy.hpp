#pragma once
// CopyOp: Flatten, Reshape, Squeeze and Unsqueeze. The same row-major elements under another shape; nothing moves when
// the output takes the buffer of the input.

#include "kernel/ops/op.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {

[[nodiscard]] Support supports_copy(const KernelRequest& request);
[[nodiscard]] std::unique_ptr<Primitive> build_copy(const KernelRequest& request);

/// Any element type. The request's output shape is what the shape rule found.
class CopyOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override { return supports_copy(request); }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_copy(request);
    }
};

}  // namespace halftone::onednn
