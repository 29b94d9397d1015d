// The negative logarithm of the right class's probability, weighted. Models that were exported with their loss have it.
// Source: ONNX operator NegativeLogLikelihoodLoss, opset 13.
#include "kernel/ref/lib/likelihood_loss.hpp"

namespace halftone::ref {
namespace {

class NegativeLogLikelihoodLossOp final : public RefOp {
public:
    std::vector<TensorType> infer(const OpContext& op) const override {
        check_outputs(op, 1);
        return {loss_type(op)};
    }

    void run(const OpContext& op, std::span<const TensorView> inputs,
             std::span<const MutableView> outputs) const override {
        const LossSizes sizes = loss_sizes(inputs[0].type.shape);
        const float* x = inputs[0].as<float>().data();
        write_loss(op, inputs, outputs[0], [&](std::int64_t sample, std::int64_t target, std::int64_t place) {
            // [N, C, places]: the score of one class at one place.
            return static_cast<double>(x[(sample * sizes.classes + target) * sizes.places + place]);
        });
    }
};

}  // namespace

const RefOp& negative_log_likelihood_loss_op() {
    static const NegativeLogLikelihoodLossOp op;
    return op;
}

}  // namespace halftone::ref
