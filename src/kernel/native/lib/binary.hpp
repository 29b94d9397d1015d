#pragma once
// Add, Sub and Mul, of codes or with a result that is quantized at once; without codes they are ElementwiseOp's
// functions. Each operator's file names its arithmetic only.

#include "kernel/codes/affine_steps.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

/// y = quantize(clamp(a op b)): operands are codes, fp32, or a constant row along the last dimension. Where neither an
/// operand nor the result has codes: y = clamp(a op b) with any broadcasting (elementwise.hpp).
class BinaryOp final : public FastOp {
public:
    explicit BinaryOp(codes::Arithmetic arithmetic) : arithmetic_(arithmetic) {}
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;

private:
    codes::Arithmetic arithmetic_;
};

}  // namespace halftone::native
