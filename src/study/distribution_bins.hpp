#pragma once
// The histogram of one value: the positions of its bins, and the counting of elements.

#include <span>

#include "dump/event_file.hpp"
#include "eval/used_rows.hpp"

namespace halftone::study {

/// Number of equally wide bins. A Distribution has two more counts: of the elements below and above them.
inline constexpr std::size_t kDistributionBins = 128;

/// Ends of the bins: the first begins at `low`, the last ends at `high`; low < high.
struct BinEnds {
    double low = 0, high = 0;
};

/// Returns bins that cover the finite values of a padded batch's samples with a margin at both ends, because the same
/// value of a quantized model may lie somewhat further out. A value without elements, or with equal ones, gets narrow
/// bins around its element (or 0). @param rows  as in count_values
[[nodiscard]] BinEnds bins_around(std::span<const float> values, UsedRows rows);

/// Counts the elements of a padded batch that belong to samples; the others are ignored. NaN counts as above the bins.
/// @param rows  of every `rows.block` elements, the first `rows.used` belong to samples
/// @return counts, smallest and largest element (both 0 where there is none), and sums
[[nodiscard]] Distribution count_values(std::span<const float> values, UsedRows rows, BinEnds bins);

}  // namespace halftone::study
