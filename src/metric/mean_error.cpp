// Errors add up over elements, not over samples: a large sample weighs more than a small one, as in scikit-learn over
// all elements at once. Only where all samples have one size is that the mean of the samples' means.
#include "metric/mean_error.hpp"

#include <cmath>

#include "base/check.hpp"
#include "config/reader.hpp"
#include "metric/number_pairs.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

class MeanErrorState final : public SumAccumulator {
public:
    MeanErrorState(const NumberPairs& pairs, ErrorKind kind) : SumAccumulator(1, 1), pairs_(pairs), kind_(kind) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const NumberPairs::Pair pair = pairs_.read(answer);
        const double error = kind_ == ErrorKind::absolute ? pair.absolute_error() : pair.squared_error();
        // The sum within a sample is rounded as it comes, which no grouping of samples can change.
        sums_[0].add(error);
        counts_[0] += static_cast<std::int64_t>(pair.answer.size());
        ++samples_;
        // If samples differ in size, the mean over elements is not the mean of the samples' means, so no judgement
        // fits.
        if (!pairs_.has_fixed_size()) return std::nullopt;
        return error / static_cast<double>(pair.answer.size());
    }

    double value() const override {
        HALFTONE_CHECK(counts_[0] > 0, "a mean needs elements");
        const double mean = sums_[0].value() / static_cast<double>(counts_[0]);
        return kind_ == ErrorKind::root ? std::sqrt(mean) : mean;
    }

private:
    NumberPairs pairs_;
    ErrorKind kind_;
};

class MeanError final : public Metric {
public:
    MeanError(ErrorKind kind, bool compares_label) : kind_(kind), pairs_(compares_label) {}

    Takes targets() const override { return pairs_.targets(); }
    bool needs_baseline_outputs() const override { return pairs_.needs_baseline_outputs(); }
    Direction direction() const override { return Direction::lower_is_better; }
    void bind(const MetricFields& fields) override { pairs_.bind(fields); }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<MeanErrorState>(pairs_, kind_); }
    // sqrt(a) - sqrt(b) = (a - b) / (sqrt(a) + sqrt(b)), and judgements are about a and b.
    double slope(double baseline, double value) const override {
        const double sum = baseline + value;
        return kind_ == ErrorKind::root && sum > 0 ? 1 / sum : 1;
    }

private:
    ErrorKind kind_;
    NumberPairs pairs_;
};

}  // namespace

std::unique_ptr<Metric> make_mean_error(const ConfigNode& node, ErrorKind kind) {
    Reader reader(node);
    const bool compares_label = reader.boolean("compare_label", true);
    reader.finish();
    return std::make_unique<MeanError>(kind, compares_label);
}

}  // namespace halftone
