#include "tensor/quant_params.hpp"

#include "base/text.hpp"

namespace halftone {

std::string to_text(const RangeRule& rule) {
    std::string text(rule.algorithm.word());
    // The other algorithms have no setting, so their word says everything.
    if (rule.algorithm == Algorithm::percentile) text += " " + float_text(rule.percentile);
    return text;
}

}  // namespace halftone
