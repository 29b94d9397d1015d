// ROC and agreement.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

using test::metric_of;
using test::metric_samples;

TEST(Roc, EqualScoresCountHalf) {
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {1, 1, 1, 1}, {0, 1, 0, 1}).value(*metric_of("ROC")), 0.5);
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {0, 1, 1, 2}, {0, 0, 1, 1}).value(*metric_of("ROC")), 0.875);
}

TEST(Roc, OfOneClassAloneIsNoNumber) {
    EXPECT_TRUE(std::isnan(metric_samples(Shape{1}, Shape{}, true, {1, 2}, {1, 1}).value(*metric_of("ROC"))));
}

TEST(Roc, RefusesOtherClassesAndDamagedStates) {
    EXPECT_THROW((void)metric_samples(Shape{1}, Shape{}, true, {1}, {2}).value(*metric_of("ROC")), DataError);
    EXPECT_THROW((void)metric_samples(Shape{3}, Shape{}, true, {1, 2, 3}, {1}).value(*metric_of("ROC")), ConfigError);
    const auto state = metric_of("ROC")->start();
    EXPECT_THROW(state->merge("abc"), MpiError);
}

test::MetricSamples answers_and_fp32() {
    auto samples = metric_samples(Shape{2, 2}, Shape{}, true, {1, 0, 0, 1, 5, 0, 0, 6}, {0, 0});
    samples.baseline.push_back(Tensor::of<float>(Shape{2, 2}, std::vector<float>{2, 0, 1, 0}));
    samples.baseline.push_back(Tensor::of<float>(Shape{2, 2}, std::vector<float>{5, 0, 0, 5.5F}));
    return samples;
}

TEST(Agreement, IsTheShareOfEqualLargestOutputs) {
    const auto metric = metric_of("agreement");
    EXPECT_EQ(metric->targets(), Takes::none) << "it needs no labels";
    const auto samples = answers_and_fp32();
    EXPECT_EQ(samples.value(*metric), 1.0);
    EXPECT_EQ(samples.state(*metric)->correct(), 2);
    EXPECT_EQ(samples.with(1, [&](const SampleAnswer& a) { return metric->margin(a); }), 0.5F);
}

TEST(Agreement, AlongAnAxisCountsPositions) {
    const auto metric = metric_of("agreement", "{axis: 1}");
    EXPECT_EQ(answers_and_fp32().value(*metric), 0.75) << "the second row of the first sample differs";
    EXPECT_THROW((void)answers_and_fp32().value(*metric_of("agreement", "{axis: 2}")), ConfigError);
}

TEST(Agreement, BySqnrOfEqualOutputsIsFinite) {
    const auto samples = metric_samples(Shape{2}, Shape{2}, false, {1, 2}, {1, 2});  // the target stands for fp32
    EXPECT_EQ(samples.value(*metric_of("agreement", "{by: sqnr}")), 100);
    const auto noisy = metric_samples(Shape{2}, Shape{2}, false, {1.5, 2}, {1, 2});
    EXPECT_NEAR(noisy.value(*metric_of("agreement", "{by: sqnr}")), 10 * std::log10(5 / 0.25), 1e-12);
}

TEST(Agreement, TheLargestOfOneNumberIsNoAnswer) {
    EXPECT_THROW((void)metric_samples(Shape{1}, Shape{1}, false, {1}, {1}).value(*metric_of("agreement")), ConfigError);
}

}  // namespace
}  // namespace halftone
