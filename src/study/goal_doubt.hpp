#pragma once
// Goals that make no sense, because no model or every model meets them.

#include <string>

#include "trial/trial.hpp"

namespace halftone::study {

/// Returns what is wrong with a goal for a share of samples, which lies between 0 and 1: no model can meet it, or every
/// model does. Returns an empty text if the goal makes sense, and for metrics that are no share.
/// @param target  the worst accuracy that meets the goal
/// @param fp32    the baseline
[[nodiscard]] std::string goal_doubt(double target, const Score& fp32);

}  // namespace halftone::study
