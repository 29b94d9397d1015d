#include "distances.hpp"

#include <cmath>
#include <limits>

namespace halftone::app {

double sqnr_db(const ErrorSums& sums) {
    if (sums.error == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(sums.reference / sums.error);
}

double cosine(const ErrorSums& sums) {
    if (sums.reference == 0 && sums.quantized == 0) return 1;
    if (sums.reference == 0 || sums.quantized == 0) return 0;
    return sums.product / (std::sqrt(sums.reference) * std::sqrt(sums.quantized));
}

nlohmann::ordered_json json_number(double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

void put_distances(nlohmann::ordered_json& json, const ErrorSums& sums) {
    json["relative"] = json_number(sums.relative());
    json["lpot"] = json_number(sums.own_range_mse());
    json["sqnr_db"] = json_number(sqnr_db(sums));
    json["cosine"] = json_number(cosine(sums));
}

}  // namespace halftone::app
