#pragma once
// Softmax and its relatives: a function of whole lines of elements along one axis.

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// Function{}(x, y, count, step): `count` elements, `step` apart. Attribute axis, default -1.
template <class Function>
class AlongAxisOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        if (op.inputs[0].shape[axis_of(op)] == kSymbolic) refuse(op, "cannot run along the symbolic batch");
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        const std::size_t axis = axis_of(op);
        const std::int64_t count = shape[axis];
        std::int64_t step = 1;
        for (std::size_t d = axis + 1; d < shape.rank(); ++d) step *= shape[d];
        const std::int64_t elements = shape.elements();
        if (elements == 0) return;
        const float* x = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        for (std::int64_t block = 0; block < elements; block += count * step) {
            for (std::int64_t i = 0; i < step; ++i) Function{}(x + block + i, y + block + i, count, step);
        }
    }

private:
    static std::size_t axis_of(const OpContext& op) {
        return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
    }
};

/// exp(x - largest), in double, and their sum.
struct Powers {
    std::vector<double> values;
    double largest = 0;
    double sum = 0;
};
[[nodiscard]] Powers powers_of(const float* x, std::int64_t count, std::int64_t step);

}  // namespace halftone::ref
