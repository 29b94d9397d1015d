// The largest element of a window over channels-last images, without the second output Indices.
// Source: ONNX operator MaxPool, opset 12. fp32, or codes, which pass unchanged (same parameters on both sides).
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/dnnl/lib/window.hpp"
#include "kernel/shape/fast_op.hpp"
#include "kernel/shape/request_context.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::onednn {
namespace {

class MaxPoolOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        // oneDNN would need a workspace for the indices, in a format of its own.
        if (request.outputs.size() != 1) return Support::no("the output Indices is not supported");
        if (const Support unfused = check_unfused(request); !unfused.is_supported) return unfused;
        const OperandEncoding& input = request.inputs[0];
        // The largest code is the code of the largest value, because scales are positive; so codes are compared as they
        // are.
        if (input.params != request.outputs[0].params || input.type.dtype != request.outputs[0].type.dtype) {
            return Support::no("input and output need the same dtype and parameters");
        }
        const DType dtype = input.type.dtype;
        if (dtype != DType::f32 && dtype != DType::u8 && dtype != DType::s8)
            return Support::no("fp32, uint8, int8 only");
        // oneDNN gives the lowest finite number there, the plain loops minus infinity.
        const ref::RequestContext context(request, ref::SeenAs::stored);
        if (has_empty_window(ref::pool_window(context.op()))) return Support::no("a window reads padding only");
        return supports_pool(request, dnnl::algorithm::pooling_max, pool_window_of(request));
    }

    /// A comparison with NaN is false, so the window's other elements win.
    bool loses_nan(const KernelRequest& request) const override { return request.inputs[0].type.dtype == DType::f32; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_pool(request, dnnl::algorithm::pooling_max, pool_window_of(request));
    }
};

}  // namespace

const FastOp& max_pool_op() {
    static const MaxPoolOp op;
    return op;
}

}  // namespace halftone::onednn
