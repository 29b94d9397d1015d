#pragma once
// Binary element-wise operators in fp32 by oneDNN's binary primitive: one operand has the result's shape, the other one
// may be broadcast or constant. Add's clamp is a post-op.

#include "kernel/dnnl/lib/dnnl_op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

[[nodiscard]] Support supports_binary(const KernelRequest& request, dnnl::algorithm algorithm);
[[nodiscard]] std::unique_ptr<Primitive> build_binary(const KernelRequest& request, const BuildContext& context,
                                                      dnnl::algorithm algorithm);

/// The operator `type` with nothing fused.
class BinaryOp final : public DnnlOp {
public:
    BinaryOp(std::string_view type, dnnl::algorithm algorithm) : type_(type), algorithm_(algorithm) {}
    [[nodiscard]] std::string_view type() const override { return type_; }
    [[nodiscard]] Support accepts(const KernelRequest& request) const override;
    [[nodiscard]] std::unique_ptr<Primitive> build(const KernelRequest& request,
                                                   const BuildContext& context) const override;

private:
    std::string_view type_;
    dnnl::algorithm algorithm_;
};

}  // namespace halftone::onednn
