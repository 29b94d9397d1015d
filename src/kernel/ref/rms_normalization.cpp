// y = x / sqrt(mean(x^2) + epsilon) * scale over the last dimensions from axis on, in double. Scale is broadcast to the
// input. Source: ONNX operator RMSNormalization, opset 23.
#include <cmath>

#include "kernel/ref/lib/elementwise.hpp"

namespace halftone::ref {
namespace {

class RMSNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 2, 2);
        check_outputs(op, 1);
        for (std::size_t i = 0; i < 2; ++i) check_dtype(op, i, {DType::f32});
        const Shape& shape = op.inputs[0].shape;
        for (std::size_t d = first_axis(op); d < shape.rank(); ++d) {
            if (shape[d] == kSymbolic || shape[d] == 0) refuse(op, "cannot normalize " + shape.to_text());
        }
        if (broadcast(op, op.inputs[1].shape, shape) != shape) refuse(op, "scale does not fit " + shape.to_text());
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Shape& shape = inputs[0].type.shape;
        if (shape.elements() == 0) return;
        const auto epsilon = static_cast<double>(float_attribute(op.node, "epsilon", 1e-5F));
        std::size_t size = 1;
        for (std::size_t d = first_axis(op); d < shape.rank(); ++d) size *= static_cast<std::size_t>(shape[d]);
        const auto x = inputs[0].as<float>();
        const auto y = outputs[0].as<float>();
        for (std::size_t first = 0; first < x.size(); first += size) {
            // No mean is subtracted, which is what makes it cheaper than LayerNormalization.
            double sum = 0;
            for (const float value : x.subspan(first, size))
                sum += static_cast<double>(value) * static_cast<double>(value);
            const double factor = 1.0 / std::sqrt(sum / static_cast<double>(size) + epsilon);
            for (std::size_t i = first; i < first + size; ++i)
                y[i] = static_cast<float>(static_cast<double>(x[i]) * factor);
        }
        // Scale comes last and may be broadcast over any dimension, unlike in LayerNormalization.
        walk_pairs(broadcast_walk(shape, inputs[1].type.shape, shape), y.data(), inputs[1].as<float>().data(), y.data(),
                   [](float value, float scale) { return value * scale; });
    }

private:
    static std::size_t first_axis(const OpContext& op) {
        return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
    }
};

}  // namespace

const RefOp& rms_normalization_op() {
    static const RMSNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
