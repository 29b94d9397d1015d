// The words that report --json uses for the distances, in reports of a run and of a dump alike.
#include "study/distances_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "study/distances.hpp"

namespace halftone::study {

nlohmann::ordered_json json_number(double value) {
    // nlohmann would write null for NaN as well, but that is a detail of one library's dump(); the format promises it.
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

void put_distances(nlohmann::ordered_json& json, const ErrorSums& sums) {
    json["relative"] = json_number(sums.relative());
    json["lpot"] = json_number(sums.own_range_mse());
    json["sqnr_db"] = json_number(sqnr_db(sums));
    json["cosine"] = json_number(cosine(sums));
}

}  // namespace halftone::study
