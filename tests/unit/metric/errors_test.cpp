// MSE, RMSE, MAE and PSNR: element by element against a target, or against the fp32 model's own outputs.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

using test::metric_of;
using test::metric_samples;

TEST(MeanErrors, AreLowerIsBetter) {
    for (const char* name : {"MSE", "RMSE", "MAE"}) {
        EXPECT_EQ(metric_of(name)->direction(), Direction::lower_is_better) << name;
    }
    EXPECT_EQ(lower_is_better_metrics(), (std::vector<std::string>{"MAE", "MSE", "RMSE", "Loss"}));
}

TEST(MeanErrors, CompareWithFp32IfTheyAreTold) {
    auto samples = metric_samples(Shape{2}, Shape{}, true, {1, 2, 3, 4}, {0, 0});
    for (const auto& row : {std::vector<float>{1, 3}, {3, 2}}) {
        samples.baseline.push_back(Tensor::of<float>(Shape{2}, row));
    }
    const auto metric = metric_of("MSE", "{compare_label: false}");
    EXPECT_TRUE(metric->needs_baseline_outputs());
    EXPECT_EQ(metric->targets(), Takes::none);
    EXPECT_EQ(samples.value(*metric), (0.0 + 1 + 0 + 4) / 4);
}

TEST(MeanErrors, JudgeEachSampleByItsOwnMean) {
    const auto samples = metric_samples(Shape{2}, Shape{2}, false, {1, 2, 5, 5}, {0, 0, 5, 4});
    const auto metric = metric_of("MSE");
    metric->bind(samples.fields(*metric));
    const auto state = metric->start();
    EXPECT_EQ(samples.with(0, [&](const SampleAnswer& a) { return state->add(a); }), 2.5);
    EXPECT_EQ(samples.with(1, [&](const SampleAnswer& a) { return state->add(a); }), 0.5);
    EXPECT_EQ(state->value(), 1.5);
}

// A difference of RMSEs from one of MSEs: sqrt(2.25) - sqrt(4) = (2.25 - 4) / (1.5 + 2).
TEST(MeanErrors, TheSlopeOfARootTurnsDifferencesOfMeansIntoThoseOfValues) {
    EXPECT_DOUBLE_EQ((2.25 - 4) * metric_of("RMSE")->slope(1.5, 2), 1.5 - 2);
    EXPECT_EQ(metric_of("RMSE")->slope(0, 0), 1);
    EXPECT_EQ(metric_of("MSE")->slope(1.5, 2), 1);
}

TEST(MeanErrors, RefuseOtherShapesAndTexts) {
    const auto bind = [](const Field& target) {
        metric_of("MAE")->bind({.outputs = {{.name = "y", .type = {DType::f32, Shape{2, 3}}}}, .targets = {target}});
    };
    EXPECT_NO_THROW(bind({.name = "t", .type = {DType::u8, Shape{1, 2, 3}}}));
    EXPECT_NO_THROW(bind({.name = "t", .type = {DType::u8, Shape{kSymbolic, 3}}}));
    EXPECT_THROW(bind({.name = "t", .type = {DType::f32, Shape{3, 2}}}), ConfigError);
    EXPECT_THROW(bind({.name = "t", .is_text = true}), ConfigError);
    const auto metric = metric_of("MAE");
    metric->bind(metric_samples(Shape{2}, Shape{2}, false, {0, 0}, {0, 0}).fields(*metric));
    EXPECT_THROW((void)metric_samples(Shape{2}, Shape{3}, false, {0, 0}, {0, 0, 0}).state(*metric), DataError);
}

TEST(MeanErrors, ReadNoSettingsBesideTheirOwn) {
    EXPECT_THROW((void)metric_of("MSE", "{compare_labels: false}"), ConfigError);
    EXPECT_THROW((void)metric_of("PSNR", "{peak: 0}"), ConfigError);
}

TEST(Psnr, OfAPerfectPictureIsInfinite) {
    EXPECT_EQ(metric_samples(Shape{1}, Shape{1}, false, {0.5}, {0.5}).value(*metric_of("PSNR")), HUGE_VAL);
    EXPECT_NEAR(metric_samples(Shape{1}, Shape{1}, false, {0.6}, {0.5}).value(*metric_of("PSNR")), 20, 1e-5);
}

}  // namespace
}  // namespace halftone
