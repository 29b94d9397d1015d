#pragma once
// MedianInterval: a measured median and how sure it is. The one form in which the program holds and compares times.

namespace halftone {

/// A median of repeated measurements with its confidence interval [low, high]. The unit (milliseconds, or none for a
/// ratio) stands in the name of the variable.
struct MedianInterval {
    double median = 0;
    double low = 0;
    double high = 0;
    friend bool operator==(const MedianInterval&, const MedianInterval&) = default;
};

/// True when the intervals share no number, so that noise does not explain the difference.
[[nodiscard]] constexpr bool are_apart(const MedianInterval& a, const MedianInterval& b) {
    return a.high < b.low || b.high < a.low;
}

}  // namespace halftone
