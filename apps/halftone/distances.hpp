#pragma once
// Distances between a quantized value and its fp32 original, from sums.

#include <nlohmann/json.hpp>

#include "trial/probe.hpp"

namespace halftone::app {

/// Signal-to-quantization-noise ratio, 10 log10(sum x^2 / sum (x - y)^2), in dB; infinite without an error.
[[nodiscard]] double sqnr_db(const ErrorSums& sums);
/// sum x y / sqrt(sum x^2 sum y^2); 1 where both are zero everywhere, 0 where one is.
[[nodiscard]] double cosine(const ErrorSums& sums);
/// null where it is not finite: JSON has no word for that.
[[nodiscard]] nlohmann::ordered_json json_number(double value);
/// Adds relative, lpot, sqnr_db and cosine.
void put_distances(nlohmann::ordered_json& json, const ErrorSums& sums);

}  // namespace halftone::app
