// Source: ONNX operator Add, opset 13, with a fused clamp: fp32, one operand may be broadcast or constant.
#include "kernel/dnnl/lib/binary.hpp"
#include "kernel/dnnl/lib/fusion.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

class AddOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        // An Add that takes part in a residual sum is fused into the Conv; it has nothing to add itself.
        if (request.epilogue.has_residual) return Support::no("an Add has no residual");
        return supports_binary(request, dnnl::algorithm::binary_add);
    }

    bool loses_nan(const KernelRequest& request) const override { return epilogue_loses_nan(request); }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return build_binary(request, context, dnnl::algorithm::binary_add);
    }
};

}  // namespace

const FastOp& add_op() {
    static const AddOp op;
    return op;
}

}  // namespace halftone::onednn
