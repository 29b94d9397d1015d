// What every registered metric promises: partial states merge in any grouping to what one pass gives.

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.hpp"
#include "metric/metric.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kRows = 60;
constexpr std::int64_t kClasses = 10;

struct Samples {
    Tensor output{{DType::f32, Shape{kRows, kClasses}}};
    std::vector<std::int64_t> labels;

    [[nodiscard]] TensorView rows(std::int64_t first, std::int64_t count) const {
        return {{DType::f32, Shape{count, kClasses}},
                output.view().data + static_cast<std::size_t>(first * kClasses) * sizeof(float)};
    }
    [[nodiscard]] std::span<const std::int64_t> labels_of(std::int64_t first, std::int64_t count) const {
        return std::span(labels).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    }
};

Samples random_samples(std::uint64_t seed) {
    Samples samples;
    Rng rng(seed);
    for (float& value : samples.output.mutable_view().as<float>()) value = static_cast<float>(rng.below(7));  // ties
    for (std::int64_t i = 0; i < kRows; ++i) samples.labels.push_back(static_cast<std::int64_t>(rng.below(kClasses)));
    return samples;
}

class EveryMetric : public ::testing::TestWithParam<std::string> {
protected:
    std::unique_ptr<Metric> metric_ = make_metric(GetParam(), ConfigNode{});
    Samples samples_ = random_samples(20);

    [[nodiscard]] MetricState state_of(std::int64_t first, std::int64_t last) const {
        MetricState state = metric_->empty();
        metric_->update(state, samples_.rows(first, last - first), samples_.labels_of(first, last - first));
        return state;
    }
};

MetricState merged(MetricState earlier, const MetricState& later) {
    earlier.merge(later);
    return earlier;
}

TEST_P(EveryMetric, MergesToWhatOnePassGives) {
    const MetricState whole = state_of(0, kRows);
    EXPECT_EQ(whole.samples, kRows);
    for (const std::int64_t step : {1, 7, 20, 59}) {
        MetricState total = metric_->empty();
        for (std::int64_t first = 0; first < kRows; first += step) {
            total.merge(state_of(first, std::min(first + step, kRows)));
        }
        EXPECT_EQ(total, whole) << "in steps of " << step;
    }
}

TEST_P(EveryMetric, MergeIsAssociative) {
    const MetricState a = state_of(0, 11);
    const MetricState b = state_of(11, 38);
    const MetricState c = state_of(38, kRows);
    EXPECT_EQ(merged(merged(a, b), c), merged(a, merged(b, c)));
}

TEST_P(EveryMetric, TheEmptyStateChangesNothing) {
    const MetricState some = state_of(3, 17);
    EXPECT_EQ(merged(some, metric_->empty()), some);
    EXPECT_EQ(merged(metric_->empty(), some), some);
}

TEST_P(EveryMetric, AShareIsTheCountOfRightSamples) {
    const MetricState whole = state_of(0, kRows);
    if (const auto correct = metric_->correct(whole)) {
        EXPECT_EQ(metric_->value(whole), static_cast<double>(*correct) / static_cast<double>(kRows));
    }
}

INSTANTIATE_TEST_SUITE_P(Metrics, EveryMetric, ::testing::ValuesIn(metric_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone
