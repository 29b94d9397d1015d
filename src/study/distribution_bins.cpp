#include "study/distribution_bins.hpp"

#include <algorithm>
#include <cmath>

namespace halftone::study {
namespace {

/// The margin at both ends, as a share of the range of the values.
constexpr double kMargin = 1.0 / 16;
/// The least margin, so that the bins of a value that is 0 everywhere still have a width.
constexpr double kLeastMargin = 1e-6;

/// Returns 0 below the bins, 1 to kDistributionBins within them, and kDistributionBins + 1 above them or for NaN.
std::size_t bin_of(double x, const BinEnds& bins) {
    if (x < bins.low) return 0;
    if (!(x < bins.high)) return kDistributionBins + 1;  // also true for NaN, which is not less than anything
    // Rounding may carry an element just below `high` to the position behind the last bin.
    const auto position = static_cast<std::size_t>((x - bins.low) * (kDistributionBins / (bins.high - bins.low)));
    return 1 + std::min(kDistributionBins - 1, position);
}

}  // namespace

BinEnds bins_around(std::span<const float> values) {
    double low = 0;
    double high = 0;
    if (!values.empty()) {
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        low = *least;
        high = *most;
    }
    const double margin = high > low ? (high - low) * kMargin : std::max(kLeastMargin, std::abs(high) * kMargin);
    return {low - margin, high + margin};
}

Distribution count_values(std::span<const float> values, UsedRows rows, BinEnds bins) {
    Distribution result{.low = bins.low,
                        .high = bins.high,
                        .counts = std::vector<std::int64_t>(kDistributionBins + 2),
                        .min = 0,
                        .max = 0,
                        .sum = 0,
                        .sum_squares = 0};
    float smallest = values.empty() ? 0 : values[0];
    float largest = smallest;
    for (std::size_t begin = 0; begin < values.size(); begin += rows.block) {
        for (std::size_t i = begin; i < begin + rows.used; ++i) {
            const double x = values[i];
            ++result.counts[bin_of(x, bins)];
            smallest = std::min(smallest, values[i]);
            largest = std::max(largest, values[i]);
            // In double, and in the order of the elements: float sums of a large value would lose its small elements.
            result.sum += x;
            result.sum_squares += x * x;
        }
    }
    result.min = smallest;
    result.max = largest;
    return result;
}

}  // namespace halftone::study
