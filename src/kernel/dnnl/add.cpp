// Source: ONNX operator Add, opset 13, with a fused clamp. fp32 by oneDNN's binary primitive (one operand may be
// broadcast or constant); codes by our own loop, in real numbers and quantized once.
#include "kernel/dnnl/common_binary.hpp"
#include "kernel/dnnl/common_layout.hpp"
#include "kernel/dnnl/common_loops.hpp"
#include "kernel/dnnl/common_step.hpp"
#include "kernel/dnnl/dnnl_ops.hpp"

namespace halftone::onednn {
namespace {

Codes codes_of(const Port& port) {
    if (!port.params) return {.dtype = DType::f32};
    return {port.type.dtype, port.params->scale[0], port.params->zero_point[0]};
}

Support supports_codes(const KernelRequest& request) {
    if (request.inputs.size() != 2) return Support::no("codes are added to codes, not to a constant");
    if (!is_codes(request.inputs[0]) || !is_codes(request.inputs[1])) {
        return Support::no("both operands are codes with per-tensor parameters, or none");
    }
    constexpr float kLargestScale = 1.0e30F;  // no sum is infinite or NaN
    for (const Port& port : request.inputs) {
        if (port.params->scale[0] > kLargestScale) return Support::no("a scale is above 1e30");
    }
    const Port& output = request.outputs[0];
    if (!is_codes(output) && (output.params || output.type.dtype != DType::f32)) {
        return Support::no("the sum of codes is uint8 or int8 codes, per tensor, or fp32");
    }
    if (request.inputs[0].type.shape != output.type.shape || request.inputs[1].type.shape != output.type.shape) {
        return Support::no("codes are not broadcast");
    }
    return Support::yes();
}

std::unique_ptr<Primitive> build_codes(const KernelRequest& request, const BuildContext& context) {
    const Port& a = request.inputs[0];
    const Port& b = request.inputs[1];
    const Port& y = request.outputs[0];
    const Layout layout = dense_layout(a.type, context.available, 0);
    const auto elements = static_cast<std::size_t>(a.type.shape.elements());
    const auto body = [a = codes_of(a), b = codes_of(b), y = codes_of(y), elements, clamp = request.clamp](
                          auto inputs, auto outputs) {
        add_codes(inputs[0], a, inputs[1], b, elements, clamp, outputs[0], y);
    };
    const int in_place = a.type == y.type ? 0 : b.type == y.type ? 1 : -1;
    return std::make_unique<LoopStep>("add_codes", std::vector{layout, with_dtype(layout, b.type.dtype)},
                                      with_dtype(layout, y.type.dtype), body, in_place);
}

class AddOp final : public DnnlOp {
public:
    std::string_view type() const override { return "Add"; }

    Support accepts(const KernelRequest& request) const override {
        if (request.has_residual) return Support::no("an Add has no residual");
        return request.is_quantized() ? supports_codes(request) : supports_binary(request, dnnl::algorithm::binary_add);
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        return request.is_quantized() ? build_codes(request, context)
                                      : build_binary(request, context, dnnl::algorithm::binary_add);
    }
};

}  // namespace

const DnnlOp& add_op() {
    static const AddOp op;
    return op;
}

}  // namespace halftone::onednn
