#pragma once
// Binary element-wise operators in fp32 by oneDNN's binary primitive: one operand has the result's shape, the other one
// may be broadcast or constant. Add's clamp is a post-op.

#include "kernel/shape/fast_op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

[[nodiscard]] Support supports_binary(const KernelRequest& request, dnnl::algorithm algorithm);
[[nodiscard]] std::unique_ptr<Primitive> build_binary(const KernelRequest& request, const BuildContext& context,
                                                      dnnl::algorithm algorithm);

/// The operator `type` with nothing fused.
class BinaryOp final : public FastOp {
public:
    explicit BinaryOp(dnnl::algorithm algorithm) : algorithm_(algorithm) {}
    [[nodiscard]] Support accepts(const KernelRequest& request) const override;
    [[nodiscard]] std::unique_ptr<Primitive> build(const KernelRequest& request,
                                                   const BuildContext& context) const override;

private:
    dnnl::algorithm algorithm_;
};

}  // namespace halftone::onednn
