// The code of a real value: round(x / scale) + zero_point, saturated to the type. Ties go to the even neighbour. The
// division is not replaced by a product with 1 / scale, which would round otherwise at some ties. Source: ONNX operator
// QuantizeLinear, opset 13; 8-bit codes only.
#include "kernel/codes/linear_params.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "tensor/affine.hpp"

namespace halftone::ref {
namespace {

DType codes_of(const OpContext& op) { return op.has_input(2) ? op.inputs[2].dtype : DType::u8; }

class QuantizeLinearOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        check_dtype(op, 2, {DType::u8, DType::s8});
        if (!op.has_input(2) && int_attribute(op.node, "output_dtype", 0) != 0) {
            refuse(op, "output_dtype without a zero point is not supported");
        }
        const DType codes = codes_of(op);
        if (!blocks_of(op, codes)) check_linear_params(op, codes);
        return {{codes, op.inputs[0].shape}};
    }

    Support supports(const KernelRequest& request) const override {
        // The executor gives scale and zero point as the output's parameters; the shape rule wants them as inputs 1
        // and 2.
        return RefOp::supports(with_linear_constants(request, request.outputs[0].params));
    }

    std::unique_ptr<Primitive> build(const KernelRequest& request) const override {
        return RefOp::build(with_linear_constants(request, request.outputs[0].params));
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto x = inputs[0].as<float>();
        const MutableView& y = outputs[0];
        if (const auto blocks = blocks_of(op, y.type.dtype)) {
            // Element by element: blocks are rare, and this is the oracle.
            for (std::size_t i = 0; i < x.size(); ++i) {
                const std::size_t place = scale_place(y.type.shape, *blocks, i);
                const std::int32_t zero_point = op.has_input(2) ? zero_point_at(inputs[2], place) : 0;
                quantize_any(x.subspan(i, 1), inputs[1].as<float>()[place], zero_point,
                             {{y.type.dtype, Shape{1}}, y.data + i});
            }
            return;
        }
        const bool is_constant = has_constant_params(op);
        const QuantParams params =
            is_constant ? linear_params(op, y.type.dtype) : linear_params_at(op, y.type.dtype, inputs);
        const auto quantize = is_constant ? quantize_linear : quantize_any;
        for_each_run(y.type.shape, params, [&](std::size_t channel, std::size_t offset, std::size_t count) {
            const MutableView codes{{y.type.dtype, Shape{static_cast<std::int64_t>(count)}}, y.data + offset};
            quantize(x.subspan(offset, count), params.scale[channel], params.zero_point[channel], codes);
        });
    }
};

}  // namespace

const RefOp& quantize_linear_op() {
    static const QuantizeLinearOp op;
    return op;
}

}  // namespace halftone::ref
