#pragma once
// SumAccumulator: the base of metrics whose state is sums and counts of fixed number. It saves and merges them; the
// metric adds samples and computes the value.

#include <string>
#include <string_view>
#include <vector>

#include "metric/exact_sum.hpp"
#include "metric/metric.hpp"

namespace halftone {

class SumAccumulator : public Accumulator {
public:
    [[nodiscard]] std::string save() const final;
    void merge(std::string_view saved) final;
    [[nodiscard]] std::int64_t samples() const final { return samples_; }

protected:
    /// All sums and counts start at zero.
    SumAccumulator(std::size_t sums, std::size_t counts) : sums_(sums), counts_(counts) {}

    std::vector<ExactSum> sums_;
    std::vector<std::int64_t> counts_;
    std::int64_t samples_ = 0;
};

/// A share of samples that are right or wrong. It knows its bounds, so trials may end early.
class ShareAccumulator : public SumAccumulator {
public:
    [[nodiscard]] double value() const final;
    [[nodiscard]] std::optional<std::int64_t> correct() const final { return counts_[0]; }
    /// The lower bound counts every unseen sample as wrong, the upper one as right.
    [[nodiscard]] std::optional<Interval> bounds(std::int64_t unseen) const final;

protected:
    ShareAccumulator() : SumAccumulator(0, 1) {}
    /// Counts one sample and returns its judgement: 1 where it is right, else 0.
    double count(bool is_right) {
        counts_[0] += is_right ? 1 : 0;
        ++samples_;
        return is_right ? 1 : 0;
    }
};

}  // namespace halftone
