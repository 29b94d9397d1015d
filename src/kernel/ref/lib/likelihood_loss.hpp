#pragma once
// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: the loss of each element, and its mean or sum.

#include <cmath>

#include "kernel/ref/lib/ref_op.hpp"
#include "kernel/shape/rules.hpp"

namespace halftone::ref {

/// x is [N, C, d1, …] with one score for each class, the target [N, d1, …] has the right class's index.
struct LossSizes {
    std::int64_t samples;
    std::int64_t classes;
    std::int64_t places;  ///< for each sample
};

/// Checks inputs and the attribute reduction, and returns the type of the loss. @throws ModelError
[[nodiscard]] TensorType loss_type(const OpContext& op);
[[nodiscard]] LossSizes loss_sizes(const Shape& x);

/// Writes the loss. `score(sample, class, place)` is the logarithm of the class's probability.
/// @throws ModelError for a class that does not exist, unless it is ignore_index
template <class Score>
void write_loss(const OpContext& op, std::span<const TensorView> inputs, const MutableView& out, Score score) {
    const LossSizes sizes = loss_sizes(inputs[0].type.shape);
    const std::string reduction = string_attribute(op.node, "reduction", "mean");
    const bool ignores = op.node.attributes.contains("ignore_index");
    const std::int64_t ignored = int_attribute(op.node, "ignore_index", 0);
    const float* weights = op.has_input(2) ? inputs[2].as<float>().data() : nullptr;
    float* y = out.as<float>().data();
    double sum = 0;
    double weight_sum = 0;
    for (std::int64_t i = 0; i < sizes.samples * sizes.places; ++i) {
        const auto place = static_cast<std::size_t>(i);
        const std::int64_t target = inputs[1].type.dtype == DType::s64 ? inputs[1].as<std::int64_t>()[place]
                                                                       : inputs[1].as<std::int32_t>()[place];
        double weight = 0;
        double loss = 0;
        if (!ignores || target != ignored) {
            if (target < 0 || target >= sizes.classes)
                refuse(op, "class " + std::to_string(target) + " does not exist");
            weight = weights != nullptr ? static_cast<double>(weights[target]) : 1.0;
            loss = -score(i / sizes.places, target, i % sizes.places) * weight;
        }
        if (reduction == "none") y[i] = static_cast<float>(loss);
        sum += loss;
        weight_sum += weight;
    }
    if (reduction == "sum") y[0] = static_cast<float>(sum);
    if (reduction == "mean") y[0] = static_cast<float>(sum / weight_sum);
}

}  // namespace halftone::ref
