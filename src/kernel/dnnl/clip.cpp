// A Clip that no Conv, Gemm or Add took along: a clamp by the loop of lib/clamp_values, in place where possible.
// Source: ONNX operator Clip, opset 13. fp32 with constant bounds; NaN stays NaN.
#include "kernel/dnnl/lib/eltwise.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

/// Input `i` as a constant bound; `open` when the node has none.
float bound(const KernelRequest& request, std::size_t i, float open) {
    if (i >= request.constants.size() || request.constants[i].is_empty()) return open;
    return request.constants[i].as<float>()[0];
}

class ClipOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {  // a bound that is not constant is a data input
        for (std::size_t i = 1; i < request.constants.size(); ++i) {
            const Tensor& constant = request.constants[i];
            if (constant.is_empty()) continue;
            if (constant.dtype() != DType::f32 || constant.elements() != 1)
                return Support::no("a bound is one fp32 number");
        }
        // This refuses a bound that is a data input: then there would be more than one.
        return check_f32_unary(request);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Clamp open;
        return build_clamp(request, context, {bound(request, 1, open.low), bound(request, 2, open.high)});
    }
};

}  // namespace

const FastOp& clip_op() {
    static const ClipOp op;
    return op;
}

}  // namespace halftone::onednn
