// Source: ONNX operator Flatten, opset 13. The request's output shape is what the shape rule found. Any element type.
#include "kernel/dnnl/lib/copy.hpp"
#include "kernel/dnnl/lib/dnnl_op.hpp"

namespace halftone::onednn {
namespace {

class FlattenOp final : public DnnlOp {
public:
    std::string_view type() const override { return "Flatten"; }
    Support accepts(const KernelRequest& request) const override { return supports_copy(request); }
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        return build_copy(request);
    }
};

}  // namespace

const DnnlOp& flatten_op() {
    static const FlattenOp op;
    return op;
}

}  // namespace halftone::onednn
