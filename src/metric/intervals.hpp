#pragma once
// Intervals that hold a true value with a confidence of 95 %: of a share, and of the difference between two models that
// answered the same samples.

#include <cstdint>

#include "metric/exact_sum.hpp"

namespace halftone {

struct Interval {
    double low = 0;
    double high = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
};

/// Returns the interval of a share of `correct` out of `samples`. Source: Wilson's score interval, 1927, z = 1.959964.
/// @throws DataError unless 0 <= correct <= samples and samples > 0; both may come from a file
[[nodiscard]] Interval wilson95(std::int64_t correct, std::int64_t samples);

/// How two models differ on the same samples, each of which gave one number (a judgement) for each model.
class PairedDifferences {
public:
    /// Adds a sample: what the fp32 model got and what the quantized model got.
    void add(double baseline, double candidate);
    [[nodiscard]] std::int64_t samples() const { return samples_; }
    /// Returns the interval of the mean of baseline - candidate; [NaN, NaN] with fewer than two samples or with a
    /// difference that is not finite.
    ///
    /// Where all judgements are 0 or 1 the mean is a difference of shares: (right by the baseline only - right by the
    /// candidate only) / samples. Its interval is that of Bonett and Price (2012), an adjusted Wald interval that keeps
    /// its coverage when the two counts are small; it never leaves [-1, 1]. Otherwise the interval is Student's for the
    /// mean of paired differences.
    [[nodiscard]] Interval interval95() const;

private:
    [[nodiscard]] Interval of_shares() const;
    [[nodiscard]] Interval of_means() const;

    std::int64_t samples_ = 0;
    bool are_shares_ = true;         ///< every judgement was 0 or 1
    std::int64_t lost_ = 0;          ///< samples that the baseline got right and the candidate wrong
    std::int64_t gained_ = 0;        ///< the other way round
    ExactSum sum_, sum_of_squares_;  ///< of the differences
};

}  // namespace halftone
