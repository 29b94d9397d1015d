// The convolution of 8-bit codes, each minus its zero point, exact in int32; padding is the zero point and contributes
// nothing. Weights may have a zero point for each output channel. Source: ONNX operator ConvInteger, opset 10.
#include "kernel/ref/lib/integer_operand.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

struct IntegerConv {
    Window window;
    std::int64_t groups = 1;
};

IntegerConv integer_conv(const OpContext& op) {
    const Shape& input = op.inputs[0].shape;
    const Shape& weight = op.inputs[1].shape;
    const std::int64_t groups = int_attribute(op.node, "group", 1);
    if (!weight.is_static() || weight.elements() == 0)
        refuse(op, "weight " + weight.to_text() + " is empty or unknown");
    std::int64_t channels = 0;
    const bool fits = groups >= 1 && weight[0] % groups == 0 && !__builtin_mul_overflow(weight[1], groups, &channels);
    if (!fits || input[1] != channels) {
        refuse(op, "group " + std::to_string(groups) + " does not fit input " + input.to_text() + " and weight " +
                       weight.to_text());
    }
    // kernel_shape is redundant, as in Conv; where it stands, it must agree.
    const std::vector<std::int64_t> kernel(weight.dims().begin() + 2, weight.dims().end());
    if (ints_attribute(op.node, "kernel_shape", kernel) != kernel) refuse(op, "kernel_shape is not that of the weight");
    return {resolve_window(op, input, kernel, {}), groups};
}

/// One plane of outputs: sums of one output channel of one sample.
/// @param x  the first input plane of the channel's group    @param w  the channel's weights
void convolve_plane(const Window& window, std::int64_t planes, const std::int32_t* x, const std::int32_t* w,
                    std::int32_t* y) {
    const std::int64_t plane = window.input[0] * window.input[1] * window.input[2];
    for_each_position(window, [&](const Extent& first) {
        // In 64 bits, and cut to 32 at the end: what overflows wraps, as in every implementation.
        std::int64_t sum = 0;
        // Weights are read in their own order: channel, depth, height, width.
        const std::int32_t* tap = w;
        for (std::int64_t c = 0; c < planes; ++c) {
            for (std::int64_t d = 0; d < window.kernel[0]; ++d) {
                for (std::int64_t h = 0; h < window.kernel[1]; ++h) {
                    for (std::int64_t i = 0; i < window.kernel[2]; ++i, ++tap) {
                        const std::int64_t depth = first[0] + d * window.dilations[0];
                        const std::int64_t row = first[1] + h * window.dilations[1];
                        const std::int64_t column = first[2] + i * window.dilations[2];
                        const bool is_inside = depth >= 0 && depth < window.input[0] && row >= 0 &&
                                               row < window.input[1] && column >= 0 && column < window.input[2];
                        // Padding stands for real 0, which is the zero point: it adds nothing to a sum of centred
                        // codes.
                        if (!is_inside) continue;
                        const std::int64_t place = (depth * window.input[1] + row) * window.input[2] + column;
                        sum += static_cast<std::int64_t>(x[c * plane + place]) * *tap;
                    }
                }
            }
        }
        *y++ = static_cast<std::int32_t>(sum);
    });
}

class ConvIntegerOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 4);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) check_dtype(op, i, {DType::u8, DType::s8});
        check_rank(op, 0, 3, 5);
        check_rank(op, 1, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
        const IntegerConv conv = integer_conv(op);
        check_zero_point(op, 2, 0, 1);
        check_zero_point(op, 3, 1, op.inputs[1].shape[0]);
        Shape shape = windowed_shape(op.inputs[0].shape, conv.window);
        shape[1] = op.inputs[1].shape[0];
        return {{DType::s32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        if (outputs[0].elements() == 0) return;
        const IntegerConv conv = integer_conv(op);
        const Shape& weight = inputs[1].type.shape;
        const std::int64_t taps = weight.elements() / weight[0];
        const TensorView none{};
        const TensorView& x_zero = inputs.size() > 2 ? inputs[2] : none;
        const TensorView& w_zero = inputs.size() > 3 ? inputs[3] : none;
        // Both operands are centred once, so that the loops below are those of an ordinary convolution.
        const auto x = centred_codes(inputs[0], [&](std::size_t) { return zero_point_of(x_zero, 0); });
        const auto w = centred_codes(
            inputs[1], [&](std::size_t i) { return zero_point_of(w_zero, i / static_cast<std::size_t>(taps)); });
        const std::int64_t planes = weight[1];
        const std::int64_t plane = conv.window.input[0] * conv.window.input[1] * conv.window.input[2];
        const std::int64_t out_plane = conv.window.output[0] * conv.window.output[1] * conv.window.output[2];
        std::int32_t* y = outputs[0].as<std::int32_t>().data();
        for (std::int64_t n = 0; n < inputs[0].type.shape[0]; ++n) {
            for (std::int64_t c = 0; c < weight[0]; ++c, y += out_plane) {
                // Each group of output channels reads its own slice of the input channels.
                const std::int64_t group = c / (weight[0] / conv.groups);
                convolve_plane(conv.window, planes, x.data() + (n * conv.groups + group) * planes * plane,
                               w.data() + c * taps, y);
            }
        }
    }
};

}  // namespace

const RefOp& conv_integer_op() {
    static const ConvIntegerOp op;
    return op;
}

}  // namespace halftone::ref
