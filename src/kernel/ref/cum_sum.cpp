// y[i] = the sum of x up to place i along an axis. `exclusive` leaves x[i] itself out, `reverse` sums from the end.
// fp32 is summed in double. Source: ONNX operator CumSum, opset 14.
#include <type_traits>

#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class CumSumOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32, DType::f64, DType::s32, DType::s64});
        check_dtype(op, 1, {DType::s32, DType::s64});
        if (op.inputs[0].shape.rank() == 0) refuse(op, "input 0 is a scalar");
        if (op.inputs[1].shape != Shape{} && op.inputs[1].shape != Shape{1}) refuse(op, "axis is not a scalar");
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        if (shape.elements() == 0) return;
        // The axis is an input, but it does not change any shape, so it may be data.
        const std::int64_t given =
            inputs[1].type.dtype == DType::s64 ? inputs[1].as<std::int64_t>()[0] : inputs[1].as<std::int32_t>()[0];
        const std::size_t axis = normal_axis(op, given, shape.rank());
        std::int64_t step = 1;
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) step *= shape[d];
        const std::int64_t size = shape[axis];
        const bool is_exclusive = int_attribute(op.node, "exclusive", 0) != 0;
        const bool is_reversed = int_attribute(op.node, "reverse", 0) != 0;
        with_number(inputs[0].type.dtype, [&]<class T>(T) {
            // Integers wrap, so they are summed unsigned.
            // A double holds the sum of any line of fp32 numbers to more digits than the result has.
            using Sum = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;
            const T* x = inputs[0].as<T>().data();
            T* y = outputs[0].as<T>().data();
            for (std::int64_t line = 0; line < shape.elements() / size; ++line) {
                const std::int64_t first = line / step * size * step + line % step;
                Sum sum = 0;
                for (std::int64_t i = 0; i < size; ++i) {
                    // The sum runs from either end; the place of each element stays its own.
                    const std::int64_t place = first + (is_reversed ? size - 1 - i : i) * step;
                    const auto value = static_cast<Sum>(x[place]);
                    if (!is_exclusive) sum += value;
                    y[place] = static_cast<T>(sum);
                    if (is_exclusive) sum += value;
                }
            }
        });
    }
};

}  // namespace

const RefOp& cum_sum_op() {
    static const CumSumOp op;
    return op;
}

}  // namespace halftone::ref
