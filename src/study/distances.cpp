#include "study/distances.hpp"

#include <cmath>
#include <limits>

namespace halftone::study {

double sqnr_db(const ErrorSums& sums) {
    if (sums.error == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(sums.reference / sums.error);
}

double cosine(const ErrorSums& sums) {
    if (sums.reference == 0 && sums.quantized == 0) return 1;
    if (sums.reference == 0 || sums.quantized == 0) return 0;
    return sums.product / (std::sqrt(sums.reference) * std::sqrt(sums.quantized));
}

}  // namespace halftone::study
