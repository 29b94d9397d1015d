#include "study/distances.hpp"

#include <cmath>
#include <limits>

namespace halftone::study {

double sqnr_db(const ErrorSums& sums) {
    if (sums.error == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(sums.reference / sums.error);
}

double cosine(const ErrorSums& sums) {
    // The formula would be 0 / 0. Two zero vectors are equal, so they count as one direction.
    if (sums.reference == 0 && sums.quantized == 0) return 1;
    if (sums.reference == 0 || sums.quantized == 0) return 0;
    // Two roots instead of the root of a product: sum x^2 sum y^2 may overflow or vanish where each of them does not.
    return sums.product / (std::sqrt(sums.reference) * std::sqrt(sums.quantized));
}

}  // namespace halftone::study
