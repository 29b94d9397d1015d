// The same of scores that are not logarithms of probabilities yet; output 1 is those logarithms.
// Source: ONNX operator SoftmaxCrossEntropyLoss, opset 13.
#include <algorithm>
#include <limits>

#include "kernel/ref/lib/likelihood_loss.hpp"

namespace halftone::ref {
namespace {

/// log(softmax(x)) over the classes.
std::vector<double> log_probabilities(const TensorView& view) {
    const LossSizes sizes = loss_sizes(view.type.shape);
    const float* x = view.as<float>().data();
    std::vector<double> result(static_cast<std::size_t>(view.elements()));
    for (std::int64_t line = 0; line < sizes.samples * sizes.places; ++line) {
        // The classes of one place are `places` elements apart: dimension 1 holds the classes, others behind it the
        // places.
        const std::int64_t first = line / sizes.places * sizes.classes * sizes.places + line % sizes.places;
        // log(softmax(x)) = x - largest - log(sum of exp(x - largest)), which neither overflows nor takes log(0).
        double largest = -std::numeric_limits<double>::infinity();
        for (std::int64_t c = 0; c < sizes.classes; ++c) {
            largest = std::max(largest, static_cast<double>(x[first + c * sizes.places]));
        }
        double sum = 0;
        for (std::int64_t c = 0; c < sizes.classes; ++c) {
            sum += std::exp(static_cast<double>(x[first + c * sizes.places]) - largest);
        }
        for (std::int64_t c = 0; c < sizes.classes; ++c) {
            const std::int64_t place = first + c * sizes.places;
            result[static_cast<std::size_t>(place)] = static_cast<double>(x[place]) - largest - std::log(sum);
        }
    }
    return result;
}

class SoftmaxCrossEntropyLossOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_outputs(op, 2);
        std::vector<TensorType> types{loss_type(op)};
        if (op.node.outputs.size() > 1) types.push_back(op.inputs[0]);
        return types;
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const LossSizes sizes = loss_sizes(inputs[0].type.shape);
        const std::vector<double> scores = log_probabilities(inputs[0]);
        write_loss(op, inputs, outputs[0], [&](std::int64_t sample, std::int64_t target, std::int64_t place) {
            return scores[static_cast<std::size_t>((sample * sizes.classes + target) * sizes.places + place)];
        });
        if (outputs.size() < 2 || outputs[1].data == nullptr) return;
        const auto y = outputs[1].as<float>();
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(scores[i]);
    }
};

}  // namespace

const RefOp& softmax_cross_entropy_loss_op() {
    static const SoftmaxCrossEntropyLossOp op;
    return op;
}

}  // namespace halftone::ref
