// Source: ONNX operator MaxPool, opset 12 (ceil_mode as opset 22 makes explicit). NaN propagates.
#include <limits>

#include "kernel/ref/common_moving_op.hpp"
#include "kernel/ref/common_window.hpp"

namespace halftone::ref {
namespace {

Window window_of(const OpContext& op) {
    const Shape& shape = op.inputs[0].shape;
    return resolve_window(op, shape, pool_kernel(op, shape.rank() - 2),
                          {.has_ceil_mode = true, .padding_is_less_than_kernel = true});
}

/// Largest of the window at the origin (input position of its first tap, may be negative). A window without any
/// element gives the lowest value, which is what quantizing -inf gives, too.
template <class T>
T largest(const Window& w, const T* plane, const Extent& origin) {
    T best =
        std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    const Reach depth = reach(origin[0], w.dilations[0], w.input[0], w.kernel[0]);
    const Reach height = reach(origin[1], w.dilations[1], w.input[1], w.kernel[1]);
    const Reach width = reach(origin[2], w.dilations[2], w.input[2], w.kernel[2]);
    for (std::int64_t kd = depth.first; kd < depth.last; ++kd) {
        for (std::int64_t kh = height.first; kh < height.last; ++kh) {
            const std::int64_t row = (origin[0] + kd * w.dilations[0]) * w.input[1] + origin[1] + kh * w.dilations[1];
            for (std::int64_t kw = width.first; kw < width.last; ++kw) {
                const T x = plane[row * w.input[2] + origin[2] + kw * w.dilations[2]];
                if (x != x) return x;
                if (x > best) best = x;
            }
        }
    }
    return best;
}

class MaxPoolOp final : public MovingOp {
public:
    std::string_view type() const override { return "MaxPool"; }

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        if (op.node.outputs.size() != 1) refuse(op, "the output of indices is not supported");
        check_dtype(op, 0, {DType::f32, DType::s8, DType::u8});
        check_rank(op, 0, 3, 5);
        const Window window = window_of(op);
        Shape shape = op.inputs[0].shape;
        for (std::size_t d = 0; d < window.rank; ++d) shape[2 + d] = window.output_dims()[d];
        return {{op.inputs[0].dtype, shape}};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Window w = window_of(op);
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t planes = shape[0] * shape[1];
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* plane = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (std::int64_t p = 0; p < planes; ++p, plane += w.input[0] * w.input[1] * w.input[2]) {
                for_each_position(w, [&](const Extent& origin) { *y++ = largest(w, plane, origin); });
            }
        });
    }
};

}  // namespace

const RefOp& max_pool_op() {
    static const MaxPoolOp op;
    return op;
}

}  // namespace halftone::ref
