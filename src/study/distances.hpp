#pragma once
// Distances between a quantized value and its fp32 original, from sums.

#include "trial/probe.hpp"

namespace halftone::study {

/// Signal-to-quantization-noise ratio, 10 log10(sum x^2 / sum (x - y)^2), in dB; infinite without an error.
[[nodiscard]] double sqnr_db(const ErrorSums& sums);
/// sum x y / sqrt(sum x^2 sum y^2); 1 where both are zero everywhere, 0 where one is.
[[nodiscard]] double cosine(const ErrorSums& sums);

}  // namespace halftone::study
