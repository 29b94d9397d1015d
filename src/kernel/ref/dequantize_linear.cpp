// The real value of a code: y = (x - zero_point) * scale, with one scale, one for each slice along an axis, or one for
// each block. The difference of two codes is exact in fp32; the product is rounded once. Scale and zero point may be
// made at run time; then they may hold anything. Source: ONNX operator DequantizeLinear, opset 21; codes of 4 and 8
// bits, and int32 (biases).
#include "kernel/codes/linear_params.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {
namespace {

/// None where the codes are a constant.
std::optional<QuantParams> params_of(const KernelRequest& request) {
    return request.inputs.empty() ? std::nullopt : request.inputs[0].params;
}

class DequantizeLinearOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::u8, DType::s8, DType::u4, DType::s4, DType::s32});
        const DType codes = op.inputs[0].dtype;
        if (!blocks_of(op, codes)) check_linear_params(op, codes);
        return {{DType::f32, op.inputs[0].shape}};
    }

    Support supports(const KernelRequest& request) const override {
        // The executor gives scale and zero point as the input's parameters; the shape rule wants them as inputs 1
        // and 2.
        return RefOp::supports(with_linear_constants(request, params_of(request)));
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        return RefOp::build(with_linear_constants(request, params_of(request)));
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const TensorView& x = inputs[0];
        const auto y = outputs[0].as<float>();
        const std::size_t width = size_of(x.type.dtype);
        if (const auto blocks = blocks_of(op, x.type.dtype)) {
            for (std::size_t i = 0; i < y.size(); ++i) {
                const std::size_t place = scale_place(x.type.shape, *blocks, i);
                const std::int32_t zero_point = op.has_input(2) ? zero_point_at(inputs[2], place) : 0;
                dequantize_any({{x.type.dtype, Shape{1}}, x.data + i * width}, inputs[1].as<float>()[place], zero_point,
                               y.subspan(i, 1));
            }
            return;
        }
        const bool is_constant = has_constant_params(op);
        const QuantParams params =
            is_constant ? linear_params(op, x.type.dtype) : linear_params_at(op, x.type.dtype, inputs);
        const auto dequantize = is_constant ? dequantize_linear : dequantize_any;
        for_each_run(x.type.shape, params, [&](std::size_t channel, std::size_t offset, std::size_t count) {
            const TensorView codes{{x.type.dtype, Shape{static_cast<std::int64_t>(count)}}, x.data + offset * width};
            dequantize(codes, params.scale[channel], params.zero_point[channel], y.subspan(offset, count));
        });
    }
};

}  // namespace

const RefOp& dequantize_linear_op() {
    static const DequantizeLinearOp op;
    return op;
}

}  // namespace halftone::ref
