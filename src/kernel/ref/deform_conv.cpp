// A convolution whose taps are moved by offsets that the network computes: y = bias + sum of x(place of the tap + its
// offset) * mask * w. Between pixels x is interpolated linearly; outside of the picture it is 0. Each group of input
// channels (offset_group) has offsets of its own. Source: ONNX operator DeformConv, opset 19 (two spatial dimensions).
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

struct DeformPlan {
    Window window;
    std::int64_t groups = 1, offset_groups = 1, taps = 1,
                 pixels = 1;  ///< taps of the kernel; pixels of an output plane
};

DeformPlan deform_plan(const OpContext& op) {
    const Shape& weight = op.inputs[1].shape;
    const std::vector<std::int64_t> kernel(weight.dims().begin() + 2, weight.dims().end());
    if (ints_attribute(op.node, "kernel_shape", kernel) != kernel) refuse(op, "kernel_shape is not that of the weight");
    DeformPlan plan{.window = resolve_window(op, op.inputs[0].shape, kernel, {}),
                    .groups = int_attribute(op.node, "group", 1),
                    .offset_groups = int_attribute(op.node, "offset_group", 1),
                    .taps = kernel[0] * kernel[1]};
    plan.pixels = plan.window.output[1] * plan.window.output[2];
    return plan;
}

/// x at a place between pixels.
double pixel_between(const float* plane, std::int64_t height, std::int64_t width, double row, double column) {
    // Written so that a NaN is outside, too.
    if (!(row > -1 && column > -1 && row < static_cast<double>(height) && column < static_cast<double>(width)))
        return 0;
    // The four neighbours; one that lies outside counts as 0, so that the picture fades out at its edges.
    const auto top = static_cast<std::int64_t>(std::floor(row));
    const auto left = static_cast<std::int64_t>(std::floor(column));
    const double down = row - static_cast<double>(top);
    const double right = column - static_cast<double>(left);
    const auto at = [&](std::int64_t r, std::int64_t c) {
        const bool is_inside = r >= 0 && c >= 0 && r < height && c < width;
        return is_inside ? static_cast<double>(plane[r * width + c]) : 0.0;
    };
    return (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
           down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1));
}

class DeformConvOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 5);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < op.input_count(); ++i) check_dtype(op, i, {DType::f32});
        for (std::size_t i = 0; i < 3; ++i) check_rank(op, i, 4, 4);
        const Shape& x = op.inputs[0].shape;
        const Shape& weight = op.inputs[1].shape;
        if (!weight.is_static() || weight.elements() == 0)
            refuse(op, "weight " + weight.to_text() + " is empty or unknown");
        const DeformPlan plan = deform_plan(op);
        std::int64_t channels = 0;
        // The products come from a file: they are checked before they are compared.
        const bool fits = plan.groups >= 1 && weight[0] % plan.groups == 0 &&
                          !__builtin_mul_overflow(weight[1], plan.groups, &channels) && x[1] == channels &&
                          plan.offset_groups >= 1 && x[1] % plan.offset_groups == 0;
        if (!fits) refuse(op, "input 0 " + x.to_text() + ", weight " + weight.to_text() + " and the groups do not fit");
        const std::int64_t height = plan.window.output[1];
        const std::int64_t width = plan.window.output[2];
        const Shape offsets{x[0], plan.offset_groups * plan.taps * 2, height, width};
        if (op.inputs[2].shape != offsets) {
            refuse(op, "offset " + op.inputs[2].shape.to_text() + " must be " + offsets.to_text());
        }
        if (op.has_input(3) && op.inputs[3].shape != Shape{weight[0]})
            refuse(op, "the bias does not have one value for each output channel");
        const Shape mask{x[0], plan.offset_groups * plan.taps, height, width};
        if (op.has_input(4) && op.inputs[4].shape != mask) refuse(op, "mask must be " + mask.to_text());
        return {{DType::f32, Shape{x[0], weight[0], height, width}}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const DeformPlan plan = deform_plan(op);
        const Shape& out = outputs[0].type.shape;
        const auto channels = inputs[0].type.shape[1];
        const float* weight = inputs[1].as<float>().data();
        const float* bias = op.has_input(3) ? inputs[3].as<float>().data() : nullptr;
        float* y = outputs[0].as<float>().data();
        const std::int64_t in_group = channels / plan.groups;
        const std::int64_t out_group = out[1] / plan.groups;
        // What the taps read is the same for all output channels: it is gathered once for each pixel.
        std::vector<double> read(static_cast<std::size_t>(channels * plan.taps));
        for (std::int64_t n = 0; n < out[0]; ++n) {
            for (std::int64_t pixel = 0; pixel < plan.pixels; ++pixel) {
                gather(op, plan, inputs, n, pixel, read);
                for (std::int64_t o = 0; o < out[1]; ++o) {
                    double sum = bias == nullptr ? 0.0 : static_cast<double>(bias[o]);
                    const double* from = read.data() + o / out_group * in_group * plan.taps;
                    const float* w = weight + o * in_group * plan.taps;
                    for (std::int64_t i = 0; i < in_group * plan.taps; ++i) sum += from[i] * static_cast<double>(w[i]);
                    y[(n * out[1] + o) * plan.pixels + pixel] = static_cast<float>(sum);
                }
            }
        }
    }

private:
    /// What all taps of all channels read for one pixel of the output, times the mask.
    static void gather(const OpContext& op, const DeformPlan& plan, std::span<const TensorView> inputs, std::int64_t n,
                       std::int64_t pixel, std::vector<double>& read) {
        const Window& w = plan.window;
        const std::int64_t channels = inputs[0].type.shape[1];
        const std::int64_t plane = w.input[1] * w.input[2];
        const float* x = inputs[0].as<float>().data() + n * channels * plane;
        const float* offset = inputs[2].as<float>().data() + n * plan.offset_groups * plan.taps * 2 * plan.pixels;
        const float* mask =
            op.has_input(4) ? inputs[4].as<float>().data() + n * plan.offset_groups * plan.taps * plan.pixels : nullptr;
        const std::int64_t top = pixel / w.output[2] * w.strides[1] - w.pads_begin[1];
        const std::int64_t left = pixel % w.output[2] * w.strides[2] - w.pads_begin[2];
        for (std::int64_t c = 0; c < channels; ++c) {
            const std::int64_t group = c / (channels / plan.offset_groups);
            for (std::int64_t tap = 0; tap < plan.taps; ++tap) {
                // Offsets stand in pairs, down and right, for each tap.
                const std::int64_t pair = ((group * plan.taps + tap) * 2) * plan.pixels + pixel;
                const std::int64_t row = top + tap / w.kernel[2] * w.dilations[1];
                const std::int64_t column = left + tap % w.kernel[2] * w.dilations[2];
                double value = pixel_between(
                    x + c * plane, w.input[1], w.input[2], static_cast<double>(row) + static_cast<double>(offset[pair]),
                    static_cast<double>(column) + static_cast<double>(offset[pair + plan.pixels]));
                if (mask != nullptr)
                    value *= static_cast<double>(mask[(group * plan.taps + tap) * plan.pixels + pixel]);
                read[static_cast<std::size_t>(c * plan.taps + tap)] = value;
            }
        }
    }
};

}  // namespace

const RefOp& deform_conv_op() {
    static const DeformConvOp op;
    return op;
}

}  // namespace halftone::ref
