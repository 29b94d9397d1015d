#pragma once
// Element-wise operators of two or three operands of any shapes that broadcast together, in fp32 and the integers that
// masks and shapes are made of. Each operator's file names its function only.

#include "kernel/shape/fast_op.hpp"

namespace halftone::native {

/// What is computed for each element. The results are the reference's: NaN passes, integers wrap.
enum class Function {
    add,
    subtract,
    multiply,
    divide,
    minimum,
    maximum,
    power,
    slope_below_zero,  ///< PRelu
    equal,
    greater,
    greater_or_equal,
    less,
    less_or_equal,
    both,    ///< And
    either,  ///< Or
    choose   ///< Where
};

/// y = function(a, b[, c]), then a clamp where the request has one. Operands that have the output's shape are taken in
/// the layout in which they lie, all others row-major.
class ElementwiseOp final : public FastOp {
public:
    explicit ElementwiseOp(Function function) : function_(function) {}
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override;

protected:
    Support accepts(const KernelRequest& request) const override;
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

private:
    Function function_;
};

/// The two halves of ElementwiseOp, for Add, Sub and Mul, which have another kernel for codes.
[[nodiscard]] Support check_elementwise(Function function, const KernelRequest& request);
[[nodiscard]] std::unique_ptr<Primitive> build_elementwise(Function function, const KernelRequest& request,
                                                           const BuildContext& context);

}  // namespace halftone::native
