// y = exp(x - max) / sum(exp(x - max)) along one axis, in double. Source: ONNX operator Softmax, opset 13.
#include <algorithm>
#include <cmath>

#include "kernel/ref/common_rules.hpp"
#include "kernel/ref/ref_op.hpp"

namespace halftone::ref {
namespace {

std::size_t axis_of(const OpContext& op) {
    return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
}

/// `count` elements, `step` apart.
void softmax(const float* x, float* y, std::int64_t count, std::int64_t step) {
    float largest = x[0];
    for (std::int64_t i = 1; i < count; ++i) largest = std::max(largest, x[i * step]);
    double sum = 0;
    std::vector<double> powers(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
        double& power = powers[static_cast<std::size_t>(i)];
        power = std::exp(static_cast<double>(x[i * step]) - static_cast<double>(largest));
        sum += power;
    }
    for (std::int64_t i = 0; i < count; ++i)
        y[i * step] = static_cast<float>(powers[static_cast<std::size_t>(i)] / sum);
}

class SoftmaxOp final : public RefOp {
public:
    std::string_view type() const override { return "Softmax"; }

    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        const std::size_t axis = axis_of(op);
        if (op.inputs[0].shape[axis] == kSymbolic) refuse(op, "cannot run along the symbolic batch");
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
            for (std::int64_t i = 0; i < step; ++i) softmax(x + block + i, y + block + i, count, step);
        }
    }
};

}  // namespace

const RefOp& softmax_op() {
    static const SoftmaxOp op;
    return op;
}

}  // namespace halftone::ref
