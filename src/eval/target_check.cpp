#include "eval/target_check.hpp"

#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"

namespace halftone {

bool TargetCheck::is_usable(const SampleAnswer& answer) {
    if (usable_.contains(answer.id)) return true;
    if (unusable_.contains(answer.id)) return false;
    std::vector<Tensor> zeros;
    std::vector<TensorView> outputs;
    for (const TensorView& output : answer.outputs) outputs.push_back(zeros.emplace_back(output.type).view());
    const std::span<const TensorView> baseline =
        answer.baseline.empty() ? std::span<const TensorView>() : std::span<const TensorView>(outputs);
    try {
        // A state of its own: one metric of several may have taken the sample before another one refuses it.
        (void)metrics_.start().add(
            {.id = answer.id, .outputs = outputs, .targets = answer.targets, .baseline = baseline});
    } catch (DataError& error) {
        error.add_context(place_of_(answer.id));
        log::warning("data", "sample {} is skipped: {}", answer.id, error.what());
        unusable_.insert(answer.id);
        return false;
    }
    usable_.insert(answer.id);
    return true;
}

}  // namespace halftone
