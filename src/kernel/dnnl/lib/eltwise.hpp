#pragma once
// Unary element-wise operators over a dense tensor, in place: oneDNN's eltwise primitive, and a clamp of our own for
// the Relu and Clip that no Conv took in.

#include <optional>

#include "kernel/shape/fast_op.hpp"
#include "oneapi/dnnl/dnnl.hpp"

namespace halftone::onednn {

/// A unary node as oneDNN has it; alpha and beta as it defines them for the algorithm.
struct Eltwise {
    dnnl::algorithm algorithm;
    float alpha = 0.0F;
    float beta = 0.0F;
};
/// Nothing for an operator that oneDNN does not compute.
[[nodiscard]] std::optional<Eltwise> eltwise_of(const Node& node);

/// Returns whether oneDNN's function gives a number for NaN, or a wrong value for an infinity. The first is so where an
/// exponential or a clamp is the last step; a product with x, as in Swish and Gelu, brings the NaN back. The second is
/// so for Gelu. @pre eltwise_of(node)
[[nodiscard]] bool function_loses_nan(const Node& node);

/// The operator `type` by the eltwise primitive; fp32.
class EltwiseOp final : public FastOp {
public:
    [[nodiscard]] Support accepts(const KernelRequest& request) const override;
    [[nodiscard]] bool loses_nan(const KernelRequest& request) const override;
    [[nodiscard]] std::unique_ptr<Primitive> build(const KernelRequest& request,
                                                   const BuildContext& context) const override;
};

[[nodiscard]] std::unique_ptr<Primitive> build_clamp(const KernelRequest& request, const BuildContext& context,
                                                     Clamp clamp);

}  // namespace halftone::onednn
