// What the config says is compared before the run by shapes (bind), and again for each sample (read): open dimensions
// are known only then, and a data set may hold another shape than it said.
#include "metric/number_pairs.hpp"

#include "base/error.hpp"
#include "metric/numbers.hpp"

namespace halftone {

void NumberPairs::bind(const MetricFields& fields) {
    const Field& output = fields.outputs[0];
    // A target of fixed size under an open output cannot be told from one that varies, so the output decides.
    has_fixed_size_ = output.type.shape.is_static();
    if (!compares_label_) return;
    const Field& target = fields.targets[0];
    if (target.is_text) throw ConfigError("it needs a target of numbers");
    if (may_be_alike(output.type.shape, target.type.shape)) return;
    throw ConfigError("it needs an output and a target of the same shape");
}

NumberPairs::Pair NumberPairs::read(const SampleAnswer& answer) const {
    const TensorView wanted = compares_label_ ? number_view(answer.targets[0], answer.id) : answer.baseline[0];
    const TensorView given = answer.outputs[0];
    // An empty sample has no mean.
    if (given.elements() == 0 || squeezed(given.type.shape) != squeezed(wanted.type.shape)) {
        throw DataError("sample " + std::to_string(answer.id) + ": the output is " + given.type.shape.to_text() +
                        ", what it is compared with is " + wanted.type.shape.to_text());
    }
    return {to_numbers(given), to_numbers(wanted)};
}

}  // namespace halftone
