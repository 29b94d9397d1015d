// The k largest (or smallest) elements along an axis, with their places. Equal elements keep the order of their places,
// and NaN counts as larger than all numbers: without a full order, sorting would be undefined. The result is always
// sorted, which `sorted` 0 allows. Source: ONNX operator TopK, opset 11.
#include <algorithm>
#include <numeric>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"
#include "kernel/shape/shape_input.hpp"

namespace halftone::ref {
namespace {

std::size_t top_k_axis(const OpContext& op) {
    if (op.inputs[0].shape.rank() == 0) refuse(op, "input 0 is a scalar");
    return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
}

/// One line of elements, `step` apart, and which of two places comes first.
template <class T>
struct TopKLine {
    const T* x;
    std::int64_t step;
    bool takes_largest;

    bool operator()(std::int64_t a, std::int64_t b) const {
        const T left = x[a * step];
        const T right = x[b * step];
        const bool left_is_nan = left != left;
        const bool right_is_nan = right != right;
        // A NaN on one side only: it comes first when the largest are wanted, and last otherwise.
        if (left_is_nan != right_is_nan) return left_is_nan == takes_largest;
        if (!left_is_nan && left != right) return takes_largest ? left > right : left < right;
        // Equal, or both NaN: the first place wins, as in ONNX Runtime.
        return a < b;
    }
};

class TopKOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 2);
        check_dtype(op, 0, kNumbers);
        const std::size_t axis = top_k_axis(op);
        const std::vector<std::int64_t> counts = number_input(op, 1, "K");
        Shape shape = op.inputs[0].shape;
        if (shape[axis] == kSymbolic) refuse(op, "cannot run along the symbolic batch");
        if (counts.size() != 1 || counts[0] < 0 || counts[0] > shape[axis]) {
            refuse(op, "K " + text_of(counts) + " does not fit an axis of " + std::to_string(shape[axis]));
        }
        // The same shape as the input but for the axis, for values and places alike.
        shape[axis] = counts[0];
        std::vector<TensorType> types{{op.inputs[0].dtype, shape}};
        if (op.node.outputs.size() > 1) types.push_back({DType::s64, shape});
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const std::size_t axis = top_k_axis(op);
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t size = shape[axis];
        const std::int64_t count = outputs[0].type.shape[axis];
        if (outputs[0].elements() == 0) return;
        std::int64_t step = 1;
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) step *= shape[d];
        const std::int64_t blocks = shape.elements() / (size * step);
        const bool takes_largest = int_attribute(op.node, "largest", 1) != 0;
        auto* places_out = outputs.size() > 1 && outputs[1].data != nullptr
                               ? reinterpret_cast<std::int64_t*>(outputs[1].data)
                               : nullptr;
        // One list of places serves all lines. Places are sorted and not values, because both are wanted.
        std::vector<std::int64_t> places(static_cast<std::size_t>(size));
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            const T* x = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (std::int64_t line = 0; line < blocks * step; ++line) {
                // A line of the input begins at `first` and one of the output at `target`; both have the same step.
                const std::int64_t first = line / step * size * step + line % step;
                const std::int64_t target = line / step * count * step + line % step;
                std::iota(places.begin(), places.end(), std::int64_t{0});
                // Only the first K places are put in order; the rest is not needed.
                std::partial_sort(places.begin(), places.begin() + count, places.end(),
                                  TopKLine<T>{x + first, step, takes_largest});
                for (std::int64_t i = 0; i < count; ++i) {
                    const std::int64_t place = places[static_cast<std::size_t>(i)];
                    y[target + i * step] = x[first + place * step];
                    if (places_out != nullptr) places_out[target + i * step] = place;
                }
            }
        });
    }
};

}  // namespace

const RefOp& top_k_op() {
    static const TopKOp op;
    return op;
}

}  // namespace halftone::ref
