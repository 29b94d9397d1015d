// Source: ONNX operator DequantizeLinear, opset 13; 8-bit codes, and int32 (biases).
#include "kernel/ref/common_linear_params.hpp"
#include "kernel/ref/ref_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {
namespace {

class DequantizeLinearOp final : public RefOp {
public:
    std::string_view type() const override { return "DequantizeLinear"; }

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::u8, DType::s8, DType::s32});
        static_cast<void>(linear_params(op, op.inputs[0].dtype));  // checks them
        return {{DType::f32, op.inputs[0].shape}};
    }

    Support supports(const KernelRequest& request) const override {
        return RefOp::supports(with_linear_constants(request, request.inputs[0].params));
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        return RefOp::build(with_linear_constants(request, request.inputs[0].params));
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const TensorView& x = inputs[0];
        const auto y = outputs[0].as<float>();
        const std::size_t width = size_of(x.type.dtype);
        const QuantParams params = linear_params(op, x.type.dtype);
        for_each_run(x.type.shape, params, [&](std::size_t channel, std::size_t offset, std::size_t count) {
            const TensorView codes{{x.type.dtype, Shape{static_cast<std::int64_t>(count)}}, x.data + offset * width};
            dequantize_linear(codes, params.scale[channel], params.zero_point[channel], y.subspan(offset, count));
        });
    }
};

}  // namespace

const RefOp& dequantize_linear_op() {
    static const DequantizeLinearOp op;
    return op;
}

}  // namespace halftone::ref
