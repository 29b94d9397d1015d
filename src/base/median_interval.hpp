#pragma once
// MedianInterval: a measured median with its confidence interval. All times are held and compared in this form.

namespace halftone {

/// A median of repeated measurements with its confidence interval [low, high]. The name of the variable gives the unit
/// (milliseconds, or none for a ratio).
struct MedianInterval {
    double median = 0;
    double low = 0;
    double high = 0;
    friend bool operator==(const MedianInterval&, const MedianInterval&) = default;
};

/// Returns true if the intervals do not overlap, so that noise does not explain the difference.
[[nodiscard]] constexpr bool are_apart(const MedianInterval& a, const MedianInterval& b) {
    return a.high < b.low || b.high < a.low;
}

}  // namespace halftone
