// y = (x - mean) / sqrt(variance) over the given axes, in double and two passes. The 1e-9 keeps a constant from
// dividing by 0, as in ONNX's function body. Source: ONNX operator MeanVarianceNormalization, opset 13.
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/axes.hpp"

namespace halftone::ref {
namespace {

std::vector<bool> normalized_axes(const OpContext& op) {
    const std::size_t rank = op.inputs[0].shape.rank();
    std::vector<bool> is_reduced(rank, false);
    for (const std::int64_t axis : ints_attribute(op.node, "axes", {0, 2, 3}))
        is_reduced[normal_axis(op, axis, rank)] = true;
    return is_reduced;
}

class MeanVarianceNormalizationOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        static_cast<void>(normalized_axes(op));
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const Reduction groups = reduction(inputs[0].type.shape, normalized_axes(op));
        const auto count = static_cast<double>(groups.offsets.size());
        const float* x = inputs[0].as<float>().data();
        float* y = outputs[0].as<float>().data();
        for (const std::int64_t base : groups.bases) {
            double mean = 0;
            for (const std::int64_t offset : groups.offsets) mean += static_cast<double>(x[base + offset]);
            mean /= count;
            // Differences are squared, not numbers: the difference of two large sums would cancel.
            double variance = 0;
            for (const std::int64_t offset : groups.offsets) {
                const double difference = static_cast<double>(x[base + offset]) - mean;
                variance += difference * difference;
            }
            const double factor = 1 / (std::sqrt(variance / count) + 1e-9);
            for (const std::int64_t offset : groups.offsets) {
                y[base + offset] = static_cast<float>((static_cast<double>(x[base + offset]) - mean) * factor);
            }
        }
    }
};

}  // namespace

const RefOp& mean_variance_normalization_op() {
    static const MeanVarianceNormalizationOp op;
    return op;
}

}  // namespace halftone::ref
