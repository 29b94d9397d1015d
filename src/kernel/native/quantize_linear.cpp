// Real values to codes, over a dense tensor in whatever order it lies, by all threads; the arithmetic is in
// kernel/codes. Source: ONNX operator QuantizeLinear, opset 13, per tensor.
#include "kernel/codes/affine_steps.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

class QuantizeLinearOp final : public FastOp {
public:
    Support accepts(const KernelRequest& request) const override {
        if (request.inputs.size() != 1 || request.is_fused()) return Support::no("scale or zero point is not constant");
        const OperandEncoding& input = request.inputs[0];
        if (input.params || input.type.dtype != DType::f32) return Support::no("real values are fp32");
        return is_codes(request.outputs[0]) ? Support::yes() : Support::no("codes are per tensor");
    }

    // The operator makes codes itself: its output is seen as it is stored and not as the real values that it means.
    ref::SeenAs seen_as() const override { return ref::SeenAs::stored; }

    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& context) const override {
        // Per tensor, every element is treated alike, so the order of dimensions does not matter.
        const Layout from = dense_layout(request.inputs[0].type, context.available, 0);
        const OperandEncoding& codes = request.outputs[0];
        const auto body = [n = static_cast<std::size_t>(codes.type.shape.elements()),
                           result = codes::codes_result(codes, {})](auto inputs, auto outputs) {
            codes::quantize_codes(reinterpret_cast<const float*>(inputs[0]), n, result, outputs[0]);
        };
        return std::make_unique<LoopStep>(codes::codes_implementation(), std::vector{from},
                                          with_dtype(from, codes.type.dtype), body);
    }
};

}  // namespace

const FastOp& quantize_linear_op() {
    static const QuantizeLinearOp op;
    return op;
}

}  // namespace halftone::native
