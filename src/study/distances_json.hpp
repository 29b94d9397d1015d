#pragma once
// Distances as members of a JSON object. Only this room may include this header: it names nlohmann::json.

#include <nlohmann/json_fwd.hpp>

#include "trial/probe.hpp"

namespace halftone::study {

/// Returns the number, or null where it is not finite, because JSON has no word for infinity or NaN.
[[nodiscard]] nlohmann::ordered_json json_number(double value);

/// Adds the members relative, lpot, sqnr_db and cosine, computed from `sums`.
void put_distances(nlohmann::ordered_json& json, const ErrorSums& sums);

}  // namespace halftone::study
