// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, with mean and variance over the channels and pixels of a
// group, in double and two passes as in LayerNormalization. Scale and bias belong to channels from opset 21 on and to
// groups before; their length tells which. Source: ONNX operator GroupNormalization, opsets 18 and 21.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class GroupNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        const Shape& shape = op.inputs[0].shape;
        if (shape.rank() < 2) refuse(op, "input 0 " + shape.to_text() + " has no channels");
        const std::int64_t groups = int_attribute(op.node, "num_groups", 0);
        if (groups < 1 || shape[1] == kSymbolic || shape[1] % groups != 0) {
            refuse(op, "num_groups " + std::to_string(groups) + " does not divide the channels of " + shape.to_text());
        }
        for (std::size_t i = 1; i < 3; ++i) {
            if (op.inputs[i].shape != Shape{shape[1]} && op.inputs[i].shape != Shape{groups}) {
                refuse(op, "input " + std::to_string(i) + " " + op.inputs[i].shape.to_text() +
                               " has neither one value for each channel nor for each group");
            }
        }
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        if (shape.elements() == 0) return;
        const auto epsilon = static_cast<double>(float_attribute(op.node, "epsilon", 1e-5F));
        const auto groups = static_cast<std::size_t>(int_attribute(op.node, "num_groups", 1));
        const auto channels = static_cast<std::size_t>(shape[1]);
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        // Channels of one group lie side by side, so that a group of a sample is one run of elements.
        const std::size_t size = x.size() / (static_cast<std::size_t>(shape[0]) * groups);
        const std::size_t pixels = size / (channels / groups);
        const auto scale = inputs[1].as<float>();
        const auto bias = inputs[2].as<float>();
        for (std::size_t g = 0; g * size < x.size(); ++g) {
            const auto group = x.subspan(g * size, size);
            double mean = 0;
            for (const float value : group) mean += static_cast<double>(value);
            mean /= static_cast<double>(size);
            double variance = 0;
            for (const float value : group) {
                variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
            }
            const double factor = 1.0 / std::sqrt(variance / static_cast<double>(size) + epsilon);
            for (std::size_t i = 0; i < size; ++i) {
                // The channel counts within the sample: the groups before it, then the planes of this group.
                const std::size_t channel = g % groups * (channels / groups) + i / pixels;
                const auto at = [&](std::span<const float> values) {
                    return static_cast<double>(values[values.size() == channels ? channel : g % groups]);
                };
                y[g * size + i] =
                    static_cast<float>((static_cast<double>(group[i]) - mean) * factor * at(scale) + at(bias));
            }
        }
    }
};

}  // namespace

const RefOp& group_normalization_op() {
    static const GroupNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
