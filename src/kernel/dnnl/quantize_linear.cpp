// Source: ONNX operator QuantizeLinear, opset 13, per tensor; the arithmetic is tensor/affine.hpp's.
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_linear.hpp"
#include "kernel/dnnl/common_step.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

class QuantizeLinearOp final : public DnnlOp {
public:
    std::string_view type() const override { return "QuantizeLinear"; }

    Support accepts(const KernelRequest& request) const override {
        return check_linear(request, request.inputs[0], request.outputs[0]);
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Layout from = dense_layout(request.inputs[0].type, context.available, 0);
        const Port& codes = request.outputs[0];
        const auto body = [type = codes.type, scale = codes.params->scale[0], zero_point = codes.params->zero_point[0]](
                              auto inputs, auto outputs) {
            const std::span values(reinterpret_cast<const float*>(inputs[0]),
                                   static_cast<std::size_t>(type.shape.elements()));
            quantize_linear(values, scale, zero_point, {type, outputs[0]});
        };
        return std::make_unique<LoopStep>("quantize", std::vector{from}, with_dtype(from, codes.type.dtype), body);
    }
};

}  // namespace

const DnnlOp& quantize_linear_op() {
    static const QuantizeLinearOp op;
    return op;
}

}  // namespace halftone::onednn
