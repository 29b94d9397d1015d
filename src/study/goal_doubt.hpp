#pragma once
// Goals that make no sense, because no model or every model meets them, or only one that loses nothing at all.

#include <string>

#include "trial/trial.hpp"

namespace halftone::study {

/// Returns what is wrong with a goal, or an empty text if the goal makes sense. A goal for a share of samples, which
/// lies between 0 and 1, is wrong if no model or every model meets it. A relative goal for another metric is wrong if
/// fp32's value is 0, because it then allows no loss.
/// @param fp32  the baseline
[[nodiscard]] std::string goal_doubt(const AccuracyCriterion& criterion, const Score& fp32);

}  // namespace halftone::study
