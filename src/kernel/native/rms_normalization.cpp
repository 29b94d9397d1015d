// y = x / sqrt(mean(x^2) + epsilon) * scale over the last dimension, as language models since Llama normalize. Rows are
// shared by the threads. Source: ONNX operator RMSNormalization, opset 23.
#include <array>
#include <cmath>
#include <vector>

#include "kernel/codes/parallel.hpp"
#include "kernel/ops/loop_step.hpp"
#include "kernel/shape/fast_op.hpp"

namespace halftone::native {
namespace {

/// Sixteen sums side by side: compilers make vectors of them, which they may not do with one sum of floats.
double sum_of_squares(const float* x, std::size_t n) {
    std::array<float, 16> sums{};
    std::size_t i = 0;
    for (; i + sums.size() <= n; i += sums.size()) {
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += x[i + k] * x[i + k];
    }
    double sum = 0;
    for (const float part : sums) sum += static_cast<double>(part);
    for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return sum;
}

class RMSNormalizationOp final : public FastOp {
public:
    std::unique_ptr<Primitive> build(const KernelRequest& request, const BuildContext& /*context*/) const override {
        const auto values = request.constants[1].as<float>();
        const auto columns = values.size();
        const auto rows = static_cast<std::size_t>(request.inputs[0].type.shape.elements()) / columns;
        const auto epsilon = static_cast<double>(float_attribute(*request.node, "epsilon", 1e-5F));
        const auto body = [rows, columns, epsilon, scale = std::vector<float>(values.begin(), values.end())](
                              auto inputs, auto outputs) {
            const auto* x = reinterpret_cast<const float*>(inputs[0]);
            auto* y = reinterpret_cast<float*>(outputs[0]);
            codes::in_rows(rows, columns, [&](std::size_t first, std::size_t last) {
                for (std::size_t row = first; row < last; ++row) {
                    const float* from = x + row * columns;
                    float* to = y + row * columns;
                    // The sum in double, the rest in float: only the sum has many roundings to add up.
                    const double mean = sum_of_squares(from, columns) / static_cast<double>(columns);
                    const auto factor = static_cast<float>(1.0 / std::sqrt(mean + epsilon));
                    for (std::size_t i = 0; i < columns; ++i) to[i] = from[i] * factor * scale[i];
                }
            });
        };
        return std::make_unique<LoopStep>("native_rms_normalization", std::vector{Layout(request.inputs[0].type)},
                                          Layout(request.outputs[0].type), body, 0);
    }

protected:
    Support accepts(const KernelRequest& request) const override {
        if (request.is_fused()) return Support::no("the op fuses nothing");
        const OperandEncoding& input = request.inputs[0];
        if (request.inputs.size() != 1 || input.params || request.outputs[0].params || input.type.dtype != DType::f32)
            return Support::no("fp32 only, and one input of data");
        const Shape& shape = input.type.shape;
        const auto rank = static_cast<std::int64_t>(shape.rank());
        const std::int64_t axis = int_attribute(*request.node, "axis", -1);
        if ((axis < 0 ? axis + rank : axis) != rank - 1) return Support::no("over the last dimension only");
        if (shape.elements() == 0) return Support::no("the tensor is empty");
        const bool has_row = request.constants.size() > 1 && !request.constants[1].is_empty() &&
                             request.constants[1].shape() == Shape{shape[shape.rank() - 1]};
        return has_row ? Support::yes()
                       : Support::no("scale must be a constant with one value for each element of a row");
    }
};

}  // namespace

const FastOp& rms_normalization_op() {
    static const RMSNormalizationOp op;
    return op;
}

}  // namespace halftone::native
