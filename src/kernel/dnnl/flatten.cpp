// Only the shape changes, so this is a copy, and none at all where the output may take the input's buffer. The tensor
// must lie plain: a channels-last one does not have its elements in row-major order. Source: ONNX operator Flatten,
// opset 13. The request's output shape is what the shape rule found. Any element type.
#include "kernel/dnnl/lib/copy.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::onednn {
namespace {

class FlattenOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override { return supports_copy(request); }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_copy(request);
    }
};

}  // namespace

const FastOp& flatten_op() {
    static const FlattenOp op;
    return op;
}

}  // namespace halftone::onednn
