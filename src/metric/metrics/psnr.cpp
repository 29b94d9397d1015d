// PSNR: how close pictures come to their originals, in decibels: the mean over samples of
// 10 log10(peak^2 / mean squared error of the sample). A sample without any error has an infinite PSNR.
#include <cmath>

#include "base/check.hpp"
#include "config/reader.hpp"
#include "metric/number_pairs.hpp"
#include "metric/sums.hpp"

namespace halftone {
namespace {

class PsnrState final : public SumAccumulator {
public:
    PsnrState(const NumberPairs& pairs, double peak) : SumAccumulator(1, 0), pairs_(pairs), peak_(peak) {}

    std::optional<double> add(const SampleAnswer& answer) override {
        const NumberPairs::Pair pair = pairs_.read(answer);
        // Each sample has its own ratio, and the metric is their mean, not the ratio of the mean error.
        const auto elements = static_cast<double>(pair.answer.size());
        const double decibels = 10 * std::log10(peak_ * peak_ * elements / pair.squared_error());
        sums_[0].add(decibels);
        ++samples_;
        return decibels;
    }

    double value() const override {
        HALFTONE_CHECK(samples_ > 0, "a mean needs samples");
        return sums_[0].value() / static_cast<double>(samples_);
    }

private:
    NumberPairs pairs_;
    double peak_;
};

class Psnr final : public Metric {
public:
    explicit Psnr(double peak) : peak_(peak) {}
    void bind(const MetricFields& fields) override { pairs_.bind(fields); }
    std::unique_ptr<Accumulator> start() const override { return std::make_unique<PsnrState>(pairs_, peak_); }

private:
    NumberPairs pairs_{true};
    double peak_;  ///< the largest value that a picture's element can have
};

}  // namespace

std::unique_ptr<Metric> make_psnr(const ConfigNode& node) {
    Reader reader(node);
    const double peak = reader.number("peak", 1.0);
    if (!(peak > 0)) reader.fail("peak", "must be > 0");
    reader.finish();
    return std::make_unique<Psnr>(peak);
}

}  // namespace halftone
