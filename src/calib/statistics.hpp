#pragma once
// Statistics of a value over the calibration data: minimum, maximum, and a histogram of integer counts. A bin is at
// most 1/256 as wide as its values. When the limit doubles, pairs of bins become one bin. Counts are integers and old
// edges stay edges, so any sharding and any order of merging gives the same bits. The ranges of all algorithms and
// candidates are computed from these statistics.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/quant_params.hpp"

namespace halftone {

/// Counts in equally wide bins. Bin i covers [-limit + i*width, -limit + (i+1)*width).
struct UniformHistogram {
    double limit = 0;                ///< the bins cover [-limit, limit)
    double bin_width = 0;            ///< 2 * limit / bins.size()
    std::vector<std::int64_t> bins;  ///< an even number; empty when nothing was observed
    std::int64_t below = 0;          ///< values less than -limit
    std::int64_t above = 0;          ///< values of limit or more
};

class ValueStatistics {
public:
    static constexpr int kBins = 16384;  ///< of histogram()

    /// Values that one bin counts: those in [low, high).
    struct Bin {
        double low = 0;
        double high = 0;
        std::int64_t count = 0;
    };

    /// Adds finite values. @return the number of NaN or infinite ones, which are left out
    std::int64_t observe(std::span<const float> values);
    void merge(const ValueStatistics& other);

    [[nodiscard]] bool is_empty() const { return count_ == 0; }
    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] float min() const { return min_; }
    [[nodiscard]] float max() const { return max_; }
    [[nodiscard]] double limit() const { return limit_; }  ///< a power of two > max|x|
    [[nodiscard]] double bin_width() const { return 2 * limit_ / kBins; }

    /// Returns the stored bins that are not empty, from low to high. No bin is wider than 1/256 of its values, with one
    /// exception: magnitudes below 2^-78, and exact zeros, share one bin on each side.
    [[nodiscard]] std::vector<Bin> used_bins() const;
    /// Returns all values in kBins equally wide bins over [-limit(), limit()).
    [[nodiscard]] UniformHistogram histogram() const { return histogram_within(limit_); }
    /// Returns the values inside [-limit, limit) in equally wide bins, and how many lie outside. There are as many bins
    /// as possible without splitting a stored bin: 512 at least, kBins at most.
    /// @pre limit is a power of two, not above limit() and at least 2^-64
    [[nodiscard]] UniformHistogram histogram_within(double limit) const;

    /// Compact, exact bytes (empty ends left out); decode throws DataError on damage.
    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static ValueStatistics decode(std::string_view bytes);
    friend bool operator==(const ValueStatistics&, const ValueStatistics&) = default;

private:
    void grow_to(double limit, int lowest_octave);
    void include(Range values, std::int64_t count);

    std::int64_t count_ = 0;
    float min_ = 0;
    float max_ = 0;
    double limit_ = 0;
    int lowest_octave_ = 0;           ///< that holds a value (BinLayout); 0 before the first value
    std::vector<std::int64_t> bins_;  ///< in the order of BinLayout::index_of; empty before the first value
};

}  // namespace halftone
