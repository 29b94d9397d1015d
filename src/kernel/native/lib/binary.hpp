#pragma once
// Add, Sub and Mul whose result is quantized at once; each operator's file names its arithmetic only.

#include "kernel/codes/affine_steps.hpp"
#include "kernel/native/lib/native_op.hpp"

namespace halftone::native {

/// y = quantize(clamp(a op b)): operands are codes, fp32, or a constant row along the last dimension.
class BinaryOp final : public NativeOp {
public:
    BinaryOp(std::string_view type, codes::Arithmetic arithmetic) : type_(type), arithmetic_(arithmetic) {}
    std::string_view type() const override { return type_; }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;

private:
    std::string_view type_;
    codes::Arithmetic arithmetic_;
};

}  // namespace halftone::native
