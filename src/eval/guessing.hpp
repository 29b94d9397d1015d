#pragma once
// Whether a model's value looks like that of guesses. A wrong Normalize, swapped channels or shifted labels raise no
// error anywhere: a low accuracy of the fp32 model is all that shows them.

#include <string>

#include "metric/metric_set.hpp"
#include "trial/trial.hpp"

namespace halftone {

/// Returns a sentence that compares the value with the level of guessing, and then what to try; empty where the value
/// is better than guesses, where too few samples were scored to say so, or where nobody knows what guesses reach.
/// A share of right samples counts as a guess if its 95 % interval reaches down to the level of guessing and has no
/// part above half of the way from there to 1. Without an interval the value must lie within 0.01 of that level.
/// @param metrics  bound to the model whose score it is
[[nodiscard]] std::string guessing_text(const MetricSet& metrics, const Score& score);

}  // namespace halftone
