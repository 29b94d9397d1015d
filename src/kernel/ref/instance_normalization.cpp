// Mean and variance are those of each plane of each sample, unlike BatchNormalization's, which are constants.
// y = (x - mean) / sqrt(variance + epsilon) * scale + B over each plane, in double. Source: ONNX operator
// InstanceNormalization, opset 6.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class InstanceNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 3, 3);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 3; ++i) check_dtype(op, i, {DType::f32});
        const Shape& shape = op.inputs[0].shape;
        if (shape.rank() < 3) refuse(op, "input 0 " + shape.to_text() + " has no planes");
        check_per_channel(op, 2);
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto epsilon = static_cast<double>(float_attribute(op.node, "epsilon", 1e-5F));
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        const Shape& shape = inputs[0].type.shape;
        if (x.empty()) return;
        const auto channels = static_cast<std::size_t>(shape[1]);
        const std::size_t planes = static_cast<std::size_t>(shape[0]) * channels;
        const std::size_t size = x.size() / planes;
        for (std::size_t p = 0; p < planes; ++p) {
            const auto plane = x.subspan(p * size, size);
            double mean = 0;
            for (const float value : plane) mean += static_cast<double>(value);
            mean /= static_cast<double>(size);
            // Two passes: E[x^2] - mean^2 would cancel when the mean is large against the variance.
            double variance = 0;
            for (const float value : plane)
                variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
            // Scale and root as one factor, so that each element costs one product and one sum.
            const double factor = static_cast<double>(inputs[1].as<float>()[p % channels]) /
                                  std::sqrt(variance / static_cast<double>(size) + epsilon);
            const auto bias = static_cast<double>(inputs[2].as<float>()[p % channels]);
            for (std::size_t i = 0; i < size; ++i) {
                y[p * size + i] = static_cast<float>((static_cast<double>(plane[i]) - mean) * factor + bias);
            }
        }
    }
};

}  // namespace

const RefOp& instance_normalization_op() {
    static const InstanceNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
