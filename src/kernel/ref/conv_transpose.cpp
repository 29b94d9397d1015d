// Each input element adds its filter to the output. Sums in double, in the order of input channels and positions.
// Source: ONNX operator ConvTranspose, opset 11.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"
#include "kernel/shape/transposed_window.hpp"

namespace halftone::ref {
namespace {

/// Adds one input plane through one filter to one output plane.
void scatter(const TransposedWindow& p, const float* x, const float* w, std::vector<double>& sums) {
    for (std::int64_t d = 0; d < p.input[0]; ++d) {
        for (std::int64_t h = 0; h < p.input[1]; ++h) {
            for (std::int64_t i = 0; i < p.input[2]; ++i) {
                // Scattering reads each input once. It would be wrong with threads, but the reference has one.
                const auto value = static_cast<double>(*x++);
                const float* tap = w;
                for (std::int64_t kd = 0; kd < p.kernel[0]; ++kd) {
                    for (std::int64_t kh = 0; kh < p.kernel[1]; ++kh) {
                        for (std::int64_t kw = 0; kw < p.kernel[2]; ++kw, ++tap) {
                            const std::int64_t z = d * p.strides[0] + kd * p.dilations[0] - p.pads[0];
                            const std::int64_t y = h * p.strides[1] + kh * p.dilations[1] - p.pads[1];
                            const std::int64_t c = i * p.strides[2] + kw * p.dilations[2] - p.pads[2];
                            // What falls into the cropped border is dropped.
                            if (z < 0 || z >= p.output[0] || y < 0 || y >= p.output[1] || c < 0 || c >= p.output[2])
                                continue;
                            sums[static_cast<std::size_t>((z * p.output[1] + y) * p.output[2] + c)] +=
                                value * static_cast<double>(*tap);
                        }
                    }
                }
            }
        }
    }
}

class ConvTransposeOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        check_rank(op, 0, 3, 5);
        check_rank(op, 1, op.inputs[0].shape.rank(), op.inputs[0].shape.rank());
        const Shape& x = op.inputs[0].shape;
        const Shape& w = op.inputs[1].shape;
        const std::int64_t groups = int_attribute(op.node, "group", 1);
        if (!w.is_static() || w.elements() == 0) refuse(op, "weight " + w.to_text() + " is empty or unknown");
        if (groups < 1 || x[1] != w[0] || w[0] % groups != 0)
            refuse(op, "input 0 " + x.to_text() + ", weight " + w.to_text() + " and group " + std::to_string(groups) +
                           " do not fit");
        const TransposedWindow plan = transposed_window(op);
        Shape shape = x;
        // Weights are [inputs, outputs of a group, kernel...], so the outputs are those of a group times the groups.
        if (__builtin_mul_overflow(w[1], groups, &shape[1])) refuse(op, "has too many channels");
        if (op.has_input(2) && op.inputs[2].shape != Shape{shape[1]})
            refuse(op,
                   "bias " + op.inputs[2].shape.to_text() + " does not have " + std::to_string(shape[1]) + " values");
        for (std::size_t d = 0; d < plan.rank; ++d) shape[2 + d] = plan.output[3 - plan.rank + d];
        return {{DType::f32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const TransposedWindow p = transposed_window(op);
        const Shape& x_shape = inputs[0].type.shape;
        const std::int64_t channels = x_shape[1] / p.groups;
        const std::int64_t in_plane = p.input[0] * p.input[1] * p.input[2];
        const std::int64_t taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
        const float* x = inputs[0].as<float>().data();
        const float* w = inputs[1].as<float>().data();
        float* y = outputs[0].as<float>().data();
        std::vector<double> sums(static_cast<std::size_t>(p.output[0] * p.output[1] * p.output[2]));
        for (std::int64_t n = 0; n < x_shape[0]; ++n) {
            for (std::int64_t o = 0; o < p.groups * p.group_outputs; ++o) {
                // An output channel reads the input channels of its own group only.
                const std::int64_t first = o / p.group_outputs * channels;
                sums.assign(sums.size(), op.has_input(2)
                                             ? static_cast<double>(inputs[2].as<float>()[static_cast<std::size_t>(o)])
                                             : 0.0);
                for (std::int64_t c = first; c < first + channels; ++c) {
                    scatter(p, x + (n * x_shape[1] + c) * in_plane,
                            w + (c * p.group_outputs + o % p.group_outputs) * taps, sums);
                }
                for (const double sum : sums) *y++ = static_cast<float>(sum);
            }
        }
    }
};

}  // namespace

const RefOp& conv_transpose_op() {
    static const ConvTransposeOp op;
    return op;
}

}  // namespace halftone::ref
