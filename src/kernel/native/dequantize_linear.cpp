// Codes to real values, over a dense tensor in whatever order it lies, by all threads; the arithmetic is in
// kernel/codes. Source: ONNX operator DequantizeLinear, opset 13, per tensor, 8-bit.
#include "kernel/codes/affine_steps.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

class DequantizeLinearOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.inputs.size() != 1 || request.is_fused()) return Support::no("scale or zero point is not constant");
        const OperandEncoding& output = request.outputs[0];
        if (output.params || output.type.dtype != DType::f32) return Support::no("real values are fp32");
        return is_codes(request.inputs[0]) ? Support::yes() : Support::no("codes are per tensor");
    }

    // The operator takes codes itself: its input is seen as it is stored and not as the real values that it means.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        const OperandEncoding& codes = request.inputs[0];
        const Layout from = dense_layout(codes.type, context.available, 0);
        const auto body = [n = static_cast<std::size_t>(codes.type.shape.elements()),
                           operand = codes::codes_operand(codes)](auto inputs, auto outputs) {
            codes::dequantize_codes(operand, inputs[0], n, reinterpret_cast<float*>(outputs[0]));
        };
        return std::make_unique<LoopStep>(codes::codes_implementation(), std::vector{from},
                                          with_dtype(from, DType::f32), body);
    }
};

}  // namespace

const FastOp& dequantize_linear_op() {
    static const DequantizeLinearOp op;
    return op;
}

}  // namespace halftone::native
