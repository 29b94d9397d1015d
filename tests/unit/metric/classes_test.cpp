// Accuracy, F1 and mIOU: how outputs and labels of all shapes become classes, and what is refused.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/error.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

using test::metric_of;
using test::metric_samples;

TEST(Accuracy, OneNumberIsClassOneFromTheThresholdOn) {
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {0.5, 0.49, 7, -1}, {1, 0, 0, 0}).value(*metric_of("Accuracy")),
              0.75);
    EXPECT_EQ(
        metric_samples(Shape{}, Shape{1}, true, {0.5, 0.1}, {0, 1}).value(*metric_of("Accuracy", "{threshold: 0.0}")),
        0.5);
}

TEST(Accuracy, IntegersAreClassesThemselves) {
    test::MetricSamples samples;
    for (const std::int64_t c : {4, 5}) {
        samples.outputs.push_back(Tensor::scalar<std::int64_t>(c));
        samples.targets.emplace_back(Tensor::scalar<std::int32_t>(5));
    }
    EXPECT_EQ(samples.value(*metric_of("Accuracy")), 0.5);
}

TEST(Accuracy, CountsElementsWhereASampleHasSeveral) {
    const auto metric = metric_of("Accuracy");
    const auto samples = metric_samples(Shape{2}, Shape{2}, true, {1, 1, 0, 0}, {1, 0, 0, 0});
    EXPECT_EQ(samples.value(*metric), 0.75);
    EXPECT_FALSE(samples.state(*metric)->correct()) << "elements are no samples";
    EXPECT_EQ(*samples.state(*metric)->bounds(2), (Interval{3.0 / 8, 7.0 / 8}));
}

TEST(Accuracy, NaNIsNoAnswer) {
    constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {kNotANumber, kNotANumber}, {0, 1}).value(*metric_of("Accuracy")),
              0.5);
    EXPECT_EQ(metric_samples(Shape{2}, Shape{}, true, {kNotANumber, -3}, {1}).value(*metric_of("Accuracy")), 1);
}

TEST(Accuracy, OpenSizesAreKnownWithEachSample) {
    const auto metric = metric_of("Accuracy");
    metric->bind({.outputs = {{.name = "tokens", .type = {DType::f32, Shape{kSymbolic, 3}}}},
                  .targets = {{.name = "tags", .type = {DType::s64, Shape{kSymbolic}}}}});
    const auto state = metric->start();
    const auto add = [&](std::int64_t tokens, const std::vector<double>& outputs, const std::vector<double>& tags) {
        const auto samples = metric_samples(Shape{tokens, 3}, Shape{tokens}, true, outputs, tags);
        return samples.with(0, [&](const SampleAnswer& answer) { return state->add(answer); });
    };
    EXPECT_FALSE(add(1, {0, 0, 1}, {2})) << "the share of a sample is no part of a mean where samples differ in size";
    (void)add(2, {1, 0, 0, 0, 1, 0}, {0, 2});
    EXPECT_EQ(state->value(), 2.0 / 3);
    EXPECT_FALSE(state->bounds(3));
}

TEST(Accuracy, RefusesShapesThatDoNotFit) {
    const auto bind = [](const Shape& output, const Shape& target) {
        metric_of("Accuracy")
            ->bind({.outputs = {{.name = "y", .type = {DType::f32, output}}},
                    .targets = {{.name = "t", .type = {DType::s64, target}}}});
    };
    EXPECT_NO_THROW(bind(Shape{4, 5, 6}, Shape{5, 6}));
    EXPECT_NO_THROW(bind(Shape{5, 6, 4}, Shape{5, 6}));
    EXPECT_NO_THROW(bind(Shape{1, 5, 6}, Shape{5, 6}));
    EXPECT_THROW(bind(Shape{4, 5, 6}, Shape{5, 7}), ConfigError);
    EXPECT_THROW(bind(Shape{4, 5, 6}, Shape{}), ConfigError);
}

TEST(Accuracy, ASampleOfAnotherShapeOrALabelThatIsNoIntegerIsADataError) {
    const auto metric = metric_of("Accuracy");
    metric->bind(metric_samples(Shape{3}, Shape{}, true, {0, 0, 0}, {0}).fields(*metric));
    const auto wide = metric_samples(Shape{3}, Shape{2}, true, {0, 0, 0}, {0, 0});
    EXPECT_THROW((void)wide.state(*metric), DataError);
    const auto half = metric_samples(Shape{3}, Shape{}, false, {0, 0, 0}, {0.5});
    EXPECT_THROW((void)half.state(*metric), DataError);
}

/// What a metric says of one sample that it refuses; empty: it takes the sample.
std::string refusal_of(const std::string& name, const std::string& settings, const test::MetricSamples& samples) {
    const auto metric = metric_of(name, settings);
    try {
        (void)samples.value(*metric);
    } catch (const DataError& error) {
        return error.what();
    }
    return "";
}

TEST(Accuracy, ALabelThatTheModelCannotSayIsRefusedInTheWordsOfTopK) {
    for (const double label : {-1.0, 3.0, 255.0}) {
        const auto samples = metric_samples(Shape{3}, Shape{}, true, {0, 0, 1}, {label});
        const std::string words =
            "sample 0: label " + std::to_string(static_cast<int>(label)) + " lies outside the model's 3 classes";
        EXPECT_EQ(refusal_of("topk", "1", samples), words);
        EXPECT_EQ(refusal_of("Accuracy", "{}", samples), words);
        EXPECT_EQ(refusal_of("GLUE", "{task: mnli}", samples), words);
    }
    // One number is the answer to two classes, whether a sample has one of them or several.
    const std::string two = "sample 0: label 2 lies outside the model's 2 classes";
    EXPECT_EQ(refusal_of("Accuracy", "{}", metric_samples(Shape{1}, Shape{}, true, {0.7}, {2})), two);
    EXPECT_EQ(refusal_of("Accuracy", "{}", metric_samples(Shape{2}, Shape{2}, true, {0.7, 0.1}, {1, 2})), two);
    EXPECT_EQ(refusal_of("GLUE", "{task: sst-2}", metric_samples(Shape{1}, Shape{}, true, {0.7}, {2})), two);
    // Of several elements, such as pixels, some may have a label that stands for none.
    EXPECT_EQ(refusal_of("Accuracy", "{}", metric_samples(Shape{2, 3}, Shape{3}, true, {1, 0, 0, 0, 1, 1}, {0, 1, 2})),
              "");
}

TEST(Accuracy, TheClassesOfAnOpenDimensionAreThoseOfTheSample) {
    const auto metric = metric_of("Accuracy");
    metric->bind({.outputs = {{.name = "y", .type = {DType::f32, Shape{kSymbolic}}}},
                  .targets = {{.name = "t", .type = {DType::s64, Shape{}}}}});
    const auto add = [&](const test::MetricSamples& samples) {
        return samples.with(0, [&](const SampleAnswer& answer) { return metric->start()->add(answer); });
    };
    EXPECT_NO_THROW((void)add(metric_samples(Shape{4}, Shape{}, true, {0, 0, 0, 1}, {3})));
    EXPECT_THROW((void)add(metric_samples(Shape{3}, Shape{}, true, {0, 0, 1}, {3})), DataError);
}

// LPOT compares bags of words: it scores these wrong answers 1.0 (lpot/experimental/metric/f1.py, version 1.5).
TEST(F1, AnswersThatAreAllWrongScoreZero) {
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {0, 1, 1, 0}, {1, 0, 0, 1}).value(*metric_of("F1")), 0);
}

TEST(F1, CountsTheElementsOfAllPositionsTogether) {
    // Of class 1: 2 hits, 1 false positive. Of class 0: 1 hit, 1 false negative.
    const auto samples = metric_samples(Shape{2}, Shape{2}, true, {1, 0, 1, 1}, {1, 0, 0, 1});
    EXPECT_DOUBLE_EQ(samples.value(*metric_of("F1")), 4.0 / 5);
    EXPECT_DOUBLE_EQ(samples.value(*metric_of("F1", "{average: macro}")), (4.0 / 5 + 2.0 / 3) / 2);
}

TEST(F1, WithoutAnyPositiveIsZero) {
    EXPECT_EQ(metric_samples(Shape{1}, Shape{}, true, {0, 0}, {0, 0}).value(*metric_of("F1")), 0);
}

TEST(F1, NeedsToKnowHowManyClassesThereAre) {
    test::MetricSamples samples;
    samples.outputs.push_back(Tensor::scalar<std::int64_t>(2));
    samples.targets.emplace_back(Tensor::scalar<std::int64_t>(2));
    EXPECT_THROW((void)samples.value(*metric_of("F1")), ConfigError);
    EXPECT_EQ(samples.value(*metric_of("F1", "{num_classes: 3}")), 1);
    EXPECT_THROW((void)samples.value(*metric_of("F1", "{num_classes: 2}")), DataError) << "class 2 of two";
    EXPECT_THROW((void)samples.value(*metric_of("F1", "{num_classes: 3, average: binary}")), ConfigError);
}

TEST(MIou, LeavesOutClassesThatNeverOccurAndLabelsThatAreNoClass) {
    // Class 0: 1 of 2; class 1: 1 of 2; class 2 never occurs; 255 does not count.
    EXPECT_EQ(metric_samples(Shape{4}, Shape{4}, true, {0, 1, 1, 1}, {0, 0, 1, 255})
                  .value(*metric_of("mIOU", "{num_classes: 3}")),
              0.5);
}

TEST(MIou, RefusesMoreClassesInTheModelThanItHas) {
    EXPECT_THROW((void)metric_samples(Shape{4, 2}, Shape{2}, true, {0, 0, 0, 0, 0, 0, 0, 0}, {0, 0})
                     .value(*metric_of("mIOU", "{num_classes: 3}")),
                 ConfigError);
}

}  // namespace
}  // namespace halftone
