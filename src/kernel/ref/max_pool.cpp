// The largest element of a window. Padding never wins: it is left out of the comparison instead of being taken for a
// very small number, so it works for codes as for real values. Source: ONNX operator MaxPool, opset 12 (ceil_mode as
// opset 22 makes explicit). NaN propagates.
#include <limits>

#include "kernel/ref/lib/moving_op.hpp"
#include "kernel/shape/window.hpp"

namespace halftone::ref {
namespace {

template <class T>
struct Best {
    T value;
    std::int64_t place = -1;  ///< row-major in the plane; -1: the window has no element
};

/// Largest of the window at the origin (input position of its first tap, may be negative), the first of equals. A
/// window without any element gives the lowest value, which is what quantizing -inf gives, too.
template <class T>
Best<T> largest(const Window& w, const T* plane, const Extent& origin) {
    using Limits = std::numeric_limits<T>;
    Best<T> best{Limits::has_infinity ? -Limits::infinity() : Limits::lowest()};
    const Reach depth = reach(origin[0], w.dilations[0], w.input[0], w.kernel[0]);
    const Reach height = reach(origin[1], w.dilations[1], w.input[1], w.kernel[1]);
    const Reach width = reach(origin[2], w.dilations[2], w.input[2], w.kernel[2]);
    for (std::int64_t kd = depth.first; kd < depth.last; ++kd) {
        for (std::int64_t kh = height.first; kh < height.last; ++kh) {
            const std::int64_t row = (origin[0] + kd * w.dilations[0]) * w.input[1] + origin[1] + kh * w.dilations[1];
            for (std::int64_t kw = width.first; kw < width.last; ++kw) {
                const std::int64_t place = row * w.input[2] + origin[2] + kw * w.dilations[2];
                const T x = plane[place];
                // NaN wins at once: nothing that comes after it can change the result.
                if (x != x) return {x, place};
                // The first element wins against nothing, even if it is -infinity.
                if (best.place < 0 || x > best.value) best = {x, place};
            }
        }
    }
    return best;
}

/// The place as ONNX counts it: over the whole tensor, within a plane row-major or (storage_order 1) column-major.
std::int64_t counted(const Window& w, std::int64_t place, std::int64_t plane, bool is_column_major) {
    const std::int64_t size = w.input[0] * w.input[1] * w.input[2];
    if (is_column_major) {
        const std::int64_t d = place / (w.input[1] * w.input[2]);
        const std::int64_t h = place / w.input[2] % w.input[1];
        // ONNX took this order from a framework with column-major tensors.
        place = (place % w.input[2] * w.input[1] + h) * w.input[0] + d;
    }
    return plane * size + place;
}

class MaxPoolOp final : public MovingOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 2);
        check_dtype(op, 0, {DType::f32, DType::s8, DType::u8});
        check_rank(op, 0, 3, 5);
        const Window window = pool_window(op);
        const Shape shape = windowed_shape(op.inputs[0].shape, window);
        std::vector<TensorType> types{{op.inputs[0].dtype, shape}};
        if (op.node.outputs.size() == 2) types.push_back({DType::s64, shape});
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Window w = pool_window(op);
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t planes = shape[0] * shape[1];
        const bool is_column_major = int_attribute(op.node, "storage_order", 0) != 0;
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* plane = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            std::int64_t* places = outputs.size() == 2 ? outputs[1].as<std::int64_t>().data() : nullptr;
            for (std::int64_t p = 0; p < planes; ++p, plane += w.input[0] * w.input[1] * w.input[2]) {
                for_each_position(w, [&](const Extent& origin) {
                    const Best<T> best = largest(w, plane, origin);
                    *y++ = best.value;
                    if (places != nullptr) *places++ = counted(w, best.place, p, is_column_major);
                });
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
