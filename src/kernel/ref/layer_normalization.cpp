// Mean and variance are those of one row, taken in two passes: the second sums squares of differences, which cannot
// cancel as the difference of two large sums would. y = (x - mean) / sqrt(variance + epsilon) * scale + B over the last
// dimensions from axis on, in double. Source: ONNX operator LayerNormalization, opset 17.
#include <cmath>

#include "kernel/ref/lib/elementwise.hpp"
#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

std::size_t first_normalized_axis(const OpContext& op) {
    return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
}

/// Scale or B, broadcast to the normalized dimensions: repeated to their size, it needs no index arithmetic below.
std::vector<double> spread(const TensorView& view, const Shape& shape) {
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    const float* data = view.as<float>().data();
    walk_pairs(broadcast_walk(view.type.shape, Shape{}, shape), data, data, values.data(),
               [](float value, float) { return static_cast<double>(value); });
    return values;
}

Shape normalized_shape(const OpContext& op) {
    const auto& dims = op.inputs[0].shape.dims();
    return Shape(
        std::vector<std::int64_t>(dims.begin() + static_cast<std::ptrdiff_t>(first_normalized_axis(op)), dims.end()));
}

class LayerNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 3);
        check_outputs(op, 3);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        const Shape normalized = normalized_shape(op);
        if (!normalized.is_static() || normalized.elements() == 0)
            refuse(op, "cannot normalize " + normalized.to_text());
        for (std::size_t i = 1; i < op.input_count(); ++i) {
            if (op.has_input(i) && broadcast(op, op.inputs[i].shape, normalized) != normalized) {
                refuse(op, "input " + std::to_string(i) + " " + op.inputs[i].shape.to_text() +
                               " cannot be broadcast to " + normalized.to_text());
            }
        }
        Shape statistics = op.inputs[0].shape;
        for (std::size_t d = first_normalized_axis(op); d < statistics.rank(); ++d) statistics[d] = 1;
        std::vector<TensorType> types{op.inputs[0]};
        while (types.size() < op.node.outputs.size()) types.push_back({DType::f32, statistics});
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape shape = normalized_shape(op);
        const auto epsilon = static_cast<double>(float_attribute(op.node, "epsilon", 1e-5F));
        const std::vector<double> scale = spread(inputs[1], shape);
        std::vector<double> bias(scale.size(), 0.0);
        if (op.has_input(2)) bias = spread(inputs[2], shape);
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        const std::size_t size = scale.size();
        for (std::size_t row = 0; row * size < x.size(); ++row) {
            const auto line = x.subspan(row * size, size);
            double mean = 0;
            for (const float value : line) mean += static_cast<double>(value);
            mean /= static_cast<double>(size);
            double variance = 0;
            for (const float value : line)
                variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
            const double factor = 1.0 / std::sqrt(variance / static_cast<double>(size) + epsilon);
            for (std::size_t i = 0; i < size; ++i) {
                y[row * size + i] =
                    static_cast<float>((static_cast<double>(line[i]) - mean) * factor * scale[i] + bias[i]);
            }
            if (outputs.size() > 1 && outputs[1].data != nullptr)
                outputs[1].as<float>()[row] = static_cast<float>(mean);
            if (outputs.size() > 2) outputs[2].as<float>()[row] = static_cast<float>(factor);
        }
    }
};

}  // namespace

const RefOp& layer_normalization_op() {
    static const LayerNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
