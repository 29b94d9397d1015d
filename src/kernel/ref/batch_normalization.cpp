// It is folded into the Conv in front of it by a pass of the graph, where there is one; what is left runs here.
// Inference: y = (x - mean) / sqrt(var + epsilon) * scale + B, per channel. Source: ONNX operator BatchNormalization,
// opset 15.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class BatchNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 5, 5);
        if (int_attribute(op.node, "training_mode", 0) != 0) {
            refuse(op, "training_mode is 1; only inference is supported");
        }
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 5; ++i) check_dtype(op, i, {DType::f32});
        const Shape& shape = op.inputs[0].shape;
        if (shape.rank() < 2) refuse(op, "input 0 " + shape.to_text() + " has no channels");
        check_per_channel(op, 4);
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto epsilon = static_cast<double>(float_attribute(op.node, "epsilon", 1e-5F));
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        const auto channels = static_cast<std::size_t>(inputs[0].type.shape[1]);
        const auto batch = static_cast<std::size_t>(inputs[0].type.shape[0]);
        if (x.empty()) return;
        const std::size_t plane = x.size() / (batch * channels);
        // Plane p belongs to channel p % channels, because planes are ordered by sample and then by channel.
        for (std::size_t p = 0; p < batch * channels; ++p) {
            const auto value = [&](std::size_t input) {
                return static_cast<double>(inputs[input].as<float>()[p % channels]);
            };
            // The statistics are constants: one factor for each channel, computed in double.
            const double factor = value(1) / std::sqrt(value(4) + epsilon);
            for (std::size_t i = p * plane; i < (p + 1) * plane; ++i) {
                y[i] = static_cast<float>((static_cast<double>(x[i]) - value(3)) * factor + value(2));
            }
        }
    }
};

}  // namespace

const RefOp& batch_normalization_op() {
    static const BatchNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
