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

/// Calls visit(element) for the elements that belong to samples. Rows of padding hold whatever the model makes of
/// zeros, which no sample has.
template <class Visit>
void for_each_used(std::span<const float> values, UsedRows rows, const Visit& visit) {
    // A value without elements has blocks of none, and a loop in steps of 0 would not end.
    if (rows.block == 0) return;
    for (std::size_t begin = 0; begin < values.size(); begin += rows.block) {
        for (const float value : values.subspan(begin, std::min(rows.used, values.size() - begin))) visit(value);
    }
}

}  // namespace

BinEnds bins_around(std::span<const float> values, UsedRows rows) {
    double low = 0;
    double high = 0;
    bool is_first = true;
    for_each_used(values, rows, [&](float value) {
        // Bins that reach to infinity, or to NaN, would have no width: such elements are counted outside of all bins.
        if (!std::isfinite(value)) return;
        low = is_first ? value : std::min(low, static_cast<double>(value));
        high = is_first ? value : std::max(high, static_cast<double>(value));
        is_first = false;
    });
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
    bool is_first = true;
    for_each_used(values, rows, [&](float value) {
        const double x = value;
        ++result.counts[bin_of(x, bins)];
        result.min = is_first ? x : std::min(result.min, x);
        result.max = is_first ? x : std::max(result.max, x);
        is_first = false;
        // In double, and in the order of the elements: float sums of a large value would lose its small elements.
        result.sum += x;
        result.sum_squares += x * x;
    });
    return result;
}

}  // namespace halftone::study
