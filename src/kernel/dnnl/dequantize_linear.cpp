// Source: ONNX operator DequantizeLinear, opset 13, per tensor; the arithmetic is tensor/affine.hpp's.
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_linear.hpp"
#include "kernel/dnnl/common_step.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"
#include "tensor/affine.hpp"

namespace halftone::onednn {
namespace {

class DequantizeLinearOp final : public DnnlOp {
public:
    std::string_view type() const override { return "DequantizeLinear"; }

    Support accepts(const KernelRequest& request) const override {
        return check_linear(request, request.outputs[0], request.inputs[0]);
    }

    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const Port& codes = request.inputs[0];
        const Layout from = dense_layout(codes.type, context.available, 0);
        const auto body = [type = codes.type, scale = codes.params->scale[0], zero_point = codes.params->zero_point[0]](
                              auto inputs, auto outputs) {
            const std::span values(reinterpret_cast<float*>(outputs[0]),
                                   static_cast<std::size_t>(type.shape.elements()));
            dequantize_linear({type, inputs[0]}, scale, zero_point, values);
        };
        return std::make_unique<LoopStep>("dequantize", std::vector{from}, with_dtype(from, DType::f32), body);
    }
};

}  // namespace

const DnnlOp& dequantize_linear_op() {
    static const DequantizeLinearOp op;
    return op;
}

}  // namespace halftone::onednn
