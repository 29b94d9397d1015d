// The neighbours are counted over channels at the same pixel; at the first and last channels there are fewer of them,
// and `size` stays the divisor. AlexNet and GoogLeNet have it. y = x / (bias + alpha / size * sum of squares of size
// neighbouring channels)^beta, in double. Source: ONNX operator LRN, opset 13.
#include <algorithm>
#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {
namespace {

class LRNOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_inputs(op, 1, 1);
        check_outputs(op, 1);
        check_dtype(op, 0, {DType::f32});
        if (op.inputs[0].shape.rank() < 2 || op.inputs[0].shape[1] == kSymbolic)
            refuse(op, "input 0 " + op.inputs[0].shape.to_text() + " has no channels");
        if (int_attribute(op.node, "size", 0) < 1) refuse(op, "size must be at least 1");
        return {op.inputs[0]};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const auto alpha = static_cast<double>(float_attribute(op.node, "alpha", 1e-4F));
        const auto beta = static_cast<double>(float_attribute(op.node, "beta", 0.75F));
        const auto bias = static_cast<double>(float_attribute(op.node, "bias", 1.0F));
        const Shape& shape = inputs[0].type.shape;
        const std::int64_t channels = shape[1];
        // A window wider than all channels sees the same as one just wide enough; the attribute comes from a file and
        // may be huge.
        const std::int64_t size = std::min<std::int64_t>(int_attribute(op.node, "size", 1), 2 * channels + 1);
        // The divisor is the attribute itself, also where fewer channels are there.
        const auto full = static_cast<double>(int_attribute(op.node, "size", 1));
        const auto x = inputs[0].as<float>();
        if (x.empty()) return;
        const auto plane = static_cast<std::int64_t>(x.size()) / (shape[0] * channels);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::int64_t c = static_cast<std::int64_t>(i) / plane % channels;
            double sum = 0;
            for (std::int64_t n = std::max<std::int64_t>(c - (size - 1) / 2, 0);
                 n <= std::min(c + size / 2, channels - 1); ++n) {
                const auto value =
                    static_cast<double>(x[static_cast<std::size_t>(static_cast<std::int64_t>(i) + (n - c) * plane)]);
                sum += value * value;
            }
            outputs[0].as<float>()[i] =
                static_cast<float>(static_cast<double>(x[i]) / std::pow(bias + alpha / full * sum, beta));
        }
    }
};

}  // namespace

const RefOp& lrn_op() {
    static const LRNOp op;
    return op;
}

}  // namespace halftone::ref
