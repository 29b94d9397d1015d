#pragma once
// Distances between a quantized value y and its fp32 original x, computed from the sums that a probe counts. The other
// two distances, relative() and own_range_mse(), are members of ErrorSums.

#include "trial/probe.hpp"

namespace halftone::study {

/// Returns the signal-to-quantization-noise ratio 10 log10(sum x^2 / sum (x - y)^2) in dB, or infinity if x and y are
/// equal.
[[nodiscard]] double sqnr_db(const ErrorSums& sums);
/// Returns the cosine of the angle between x and y as vectors, sum x y / sqrt(sum x^2 sum y^2). It is 1 if both are
/// zero everywhere, and 0 if only one is.
[[nodiscard]] double cosine(const ErrorSums& sums);

}  // namespace halftone::study
