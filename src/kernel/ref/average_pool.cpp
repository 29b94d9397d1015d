// The mean of a window. What is counted in the denominator is the point of this operator: the elements that really lie
// in the window, or with count_include_pad the padding too, but never what lies behind the padding (ceil_mode). Source:
// ONNX operator AveragePool, opset 19 (dilations; opset 11 is the same without). Sums in double, taps in order.
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

/// How many taps of dimension `i` are counted when padding is: those in front of the end of the padding at the end,
/// which a window of ceil_mode may pass.
std::int64_t padded_taps(const Window& w, std::size_t i, std::int64_t origin) {
    const Reach taps =
        reach(origin + w.pads_begin[i], w.dilations[i], w.input[i] + w.pads_begin[i] + w.pads_end[i], w.kernel[i]);
    return taps.last - taps.first;
}

float average(const Window& w, const float* plane, const Extent& origin, bool counts_padding) {
    std::array<Reach, 3> taps{};
    double count = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        taps[i] = reach(origin[i], w.dilations[i], w.input[i], w.kernel[i]);
        // The number of counted taps is a product over dimensions, because a window is a box.
        count *= static_cast<double>(counts_padding ? padded_taps(w, i, origin[i]) : taps[i].last - taps[i].first);
    }
    double sum = 0;
    for (std::int64_t kd = taps[0].first; kd < taps[0].last; ++kd) {
        for (std::int64_t kh = taps[1].first; kh < taps[1].last; ++kh) {
            const std::int64_t row = (origin[0] + kd * w.dilations[0]) * w.input[1] + origin[1] + kh * w.dilations[1];
            for (std::int64_t kw = taps[2].first; kw < taps[2].last; ++kw) {
                sum += static_cast<double>(plane[row * w.input[2] + origin[2] + kw * w.dilations[2]]);
            }
        }
    }
    // A window can be all padding in ceil_mode; its mean is defined as 0 here.
    return count == 0 ? 0.0F : static_cast<float>(sum / count);
}

class AveragePoolOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        check_rank(op, 0, 3, 5);
        const Window window = pool_window(op);
        const Shape shape = windowed_shape(op.inputs[0].shape, window);
        return {{DType::f32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Window w = pool_window(op);
        const bool counts_padding = int_attribute(op.node, "count_include_pad", 0) != 0;
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t planes = shape[0] * shape[1];
        const float* plane = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        for (std::int64_t p = 0; p < planes; ++p, plane += w.input[0] * w.input[1] * w.input[2]) {
            for_each_position(w, [&](const Extent& origin) { *y++ = average(w, plane, origin, counts_padding); });
        }
    }
};

}  // namespace

const RefOp& average_pool_op() {
    static const AveragePoolOp op;
    return op;
}

}  // namespace halftone::ref
