// p = 1 gives the sum of absolute values, p = 2 the Euclidean norm of a window; padding adds 0.
// (sum of |x|^p over the window)^(1/p), in double. Source: ONNX operator LpPool, opset 18.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

float norm(const Window& w, const float* plane, const Extent& origin, double p) {
    // Absolute values first: an odd power of a negative number would be taken off the sum.
    double sum = 0;
    std::array<Reach, 3> taps{};
    // Taps in the padding would add 0, so they are left out.
    for (std::size_t i = 0; i < 3; ++i) taps[i] = reach(origin[i], w.dilations[i], w.input[i], w.kernel[i]);
    for (std::int64_t kd = taps[0].first; kd < taps[0].last; ++kd) {
        for (std::int64_t kh = taps[1].first; kh < taps[1].last; ++kh) {
            const std::int64_t row = (origin[0] + kd * w.dilations[0]) * w.input[1] + origin[1] + kh * w.dilations[1];
            for (std::int64_t kw = taps[2].first; kw < taps[2].last; ++kw) {
                sum += std::pow(
                    std::abs(static_cast<double>(plane[row * w.input[2] + origin[2] + kw * w.dilations[2]])), p);
            }
        }
    }
    return static_cast<float>(std::pow(sum, 1.0 / p));
}

class LpPoolOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        check_rank(op, 0, 3, 5);
        if (int_attribute(op.node, "p", 2) < 1) refuse(op, "p must be at least 1");
        const Window window = pool_window(op);
        const Shape shape = windowed_shape(op.inputs[0].shape, window);
        return {{DType::f32, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Window w = pool_window(op);
        const auto p = static_cast<double>(int_attribute(op.node, "p", 2));
        const Shape& shape = inputs[0].type.shape;
        const float* plane = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        for (std::int64_t c = 0; c < shape[0] * shape[1]; ++c, plane += w.input[0] * w.input[1] * w.input[2]) {
            for_each_position(w, [&](const Extent& origin) { *y++ = norm(w, plane, origin, p); });
        }
    }
};

}  // namespace

const RefOp& lp_pool_op() {
    static const LpPoolOp op;
    return op;
}

}  // namespace halftone::ref
