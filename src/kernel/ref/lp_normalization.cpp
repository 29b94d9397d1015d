// x divided by its norm along an axis: the sum of absolute values (p 1) or the root of the sum of squares (p 2). Lines
// of zeros stay zeros. Source: ONNX operator LpNormalization, opset 22.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {
namespace {

class LpNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        const std::int64_t p = int_attribute(op.node, "p", 2);
        if (p != 1 && p != 2) refuse(op, "p " + std::to_string(p) + " is not 1 or 2");
        if (op.inputs[0].shape[lp_axis(op)] == kSymbolic) refuse(op, "cannot run along the symbolic batch");
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        std::vector<bool> is_reduced(inputs[0].type.shape.rank(), false);
        is_reduced[lp_axis(op)] = true;
        const bool is_square = int_attribute(op.node, "p", 2) == 2;
        const Reduction lines = reduction(inputs[0].type.shape, is_reduced);
        const float* x = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        for (const std::int64_t base : lines.bases) {
            double sum = 0;
            for (const std::int64_t offset : lines.offsets) {
                const auto value = static_cast<double>(x[base + offset]);
                sum += is_square ? value * value : std::abs(value);
            }
            // In double, where the squares of fp32 numbers cannot overflow.
            const double norm = is_square ? std::sqrt(sum) : sum;
            for (const std::int64_t offset : lines.offsets) {
                const auto value = static_cast<double>(x[base + offset]);
                y[base + offset] = norm == 0 ? 0.0F : static_cast<float>(value / norm);
            }
        }
    }

private:
    static std::size_t lp_axis(const OpContext& op) {
        return normal_axis(op, int_attribute(op.node, "axis", -1), op.inputs[0].shape.rank());
    }
};

}  // namespace

const RefOp& lp_normalization_op() {
    static const LpNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
