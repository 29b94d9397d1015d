#pragma once
// CountAccumulator: the base of metrics that are a function of counts over all samples, but no mean over samples (F1,
// mIOU, BLEU). It keeps what each sample adds, so that random draws of the samples have a value too, and the loss an
// interval.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metric/metric.hpp"

namespace halftone {

class CountAccumulator : public Accumulator {
public:
    [[nodiscard]] std::string save() const final;
    void merge(std::string_view saved) final;
    [[nodiscard]] std::int64_t samples() const final { return static_cast<std::int64_t>(samples_.size()); }
    [[nodiscard]] double value() const final;
    [[nodiscard]] std::vector<double> resampled() const final;

protected:
    using Totals = std::vector<std::int64_t>;

    /// @param counts  how many counts there are
    explicit CountAccumulator(std::size_t counts) : counts_(counts) {}
    /// Keeps what one sample adds: by position of the count, a number >= 0. A sample that comes twice replaces itself.
    void keep(std::int64_t sample, const std::map<std::size_t, std::int64_t>& added);
    /// The same from a list with a number for each count.
    void keep_all(std::int64_t sample, const Totals& added);
    /// Returns the metric of these counts. @param totals  one number for each count
    [[nodiscard]] virtual double value_of(const Totals& totals) const = 0;

private:
    /// Position and number, of the counts that the sample adds to.
    using Added = std::vector<std::pair<std::size_t, std::int64_t>>;

    std::size_t counts_;
    std::map<std::int64_t, Added> samples_;  ///< by number, so that the bytes do not depend on the order
};

}  // namespace halftone
