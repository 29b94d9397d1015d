#pragma once
// What one pass over the calibration data keeps of a value: minimum, maximum, and an integer-count histogram on a
// power-of-two range that doubles by merging bins pairwise. Counts are integers and edges nest, so any sharding and any
// order of merging gives bit-identical statistics. Every algorithm and every candidate derives its range from this.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/quant_params.hpp"

namespace halftone {

class ValueStatistics {
public:
    static constexpr int kBins = 16384;  ///< over [-limit, limit); 128 KiB a value

    /// Adds finite values. @return the number of NaN or infinite ones, which are left out
    std::int64_t observe(std::span<const float> values);
    void merge(const ValueStatistics& other);

    [[nodiscard]] bool is_empty() const { return count_ == 0; }
    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] float min() const { return min_; }
    [[nodiscard]] float max() const { return max_; }
    [[nodiscard]] double limit() const { return limit_; }  ///< a power of two > max|x|
    [[nodiscard]] double bin_width() const { return 2 * limit_ / kBins; }
    /// Bin i covers [-limit + i*width, -limit + (i+1)*width).
    [[nodiscard]] std::span<const std::int64_t> bins() const { return bins_; }

    /// Compact, exact bytes (empty ends left out); decode throws DataError on damage.
    [[nodiscard]] std::string encode() const;
    [[nodiscard]] static ValueStatistics decode(std::string_view bytes);
    friend bool operator==(const ValueStatistics&, const ValueStatistics&) = default;

private:
    void grow_to(double limit);
    void include(Range values, std::int64_t count);

    std::int64_t count_ = 0;
    float min_ = 0;
    float max_ = 0;
    double limit_ = 0;
    std::vector<std::int64_t> bins_;
};

}  // namespace halftone
