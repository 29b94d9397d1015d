// A Relu that no Conv, Gemm or Add took along: a clamp from below by the loop of lib/clamp_values, in place where the
// executor gives input and output one buffer. Source: ONNX operator Relu, opset 14. fp32; NaN stays NaN.
#include "kernel/dnnl/lib/eltwise.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

class ReluOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override { return check_f32_unary(request); }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return build_clamp(request, context, {.low = 0.0F});
    }
};

}  // namespace

const FastOp& relu_op() {
    static const ReluOp op;
    return op;
}

}  // namespace halftone::onednn
