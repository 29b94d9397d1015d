// The places of all elements that are not zero: [rank, count], one column for each. The count is data, and our shapes
// do not depend on data, so the input must be known. Source: ONNX operator NonZero, opset 13.
#include "kernel/ref/lib/numbers.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/ref/lib/strided_copy.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

/// body(row-major place) for each element that is not zero.
template <class Body>
void for_each_nonzero(const TensorView& view, Body body) {
    const DType dtype = view.type.dtype == DType::boolean ? DType::u8 : view.type.dtype;
    with_number(dtype, [&]<class T>(T) {
        const T* x = reinterpret_cast<const T*>(view.data);
        for (std::int64_t i = 0; i < view.elements(); ++i) {
            if (x[i] != T{0}) body(i);
        }
    });
}

class NonZeroOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, kNumbersAndBool);
        // The rule looks at the values, which is why they must be known.
        std::int64_t count = 0;
        for_each_nonzero(constant_input(op, 0, "X").view(), [&count](std::int64_t) { ++count; });
        return {{DType::s64, Shape{static_cast<std::int64_t>(op.inputs[0].shape.rank()), count}}};
    }

    void run(const OpContext&, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t count = outputs[0].type.shape[1];
        const std::vector<std::int64_t> steps = row_major_steps(shape);
        auto* y = reinterpret_cast<std::int64_t*>(outputs[0].data);
        // Row-major order of the elements is the order of the columns, as in NumPy.
        std::int64_t column = 0;
        for_each_nonzero(inputs[0], [&](std::int64_t place) {
            for (std::size_t d = 0; d < shape.rank(); ++d) {
                y[static_cast<std::int64_t>(d) * count + column] = place / steps[d] % shape[d];
            }
            ++column;
        });
    }
};

}  // namespace

const RefOp& non_zero_op() {
    static const NonZeroOp op;
    return op;
}

}  // namespace halftone::ref
