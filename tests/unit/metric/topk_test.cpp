#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.hpp"
#include "config/config_node.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

ConfigNode scalar(const std::string& text) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::scalar;
    node.mark = {.file = "a.yaml", .line = 3, .column = 9};
    node.path = "evaluation.accuracy.metric.topk";
    node.scalar = text;
    return node;
}

std::unique_ptr<Metric> topk(const std::string& k) { return make_metric("topk", scalar(k)); }

/// Count of hits of rows of three outputs.
std::int64_t hits(Metric& metric, const std::vector<double>& rows, const std::vector<double>& labels) {
    const auto samples = test::metric_samples(Shape{3}, Shape{}, true, rows, labels);
    metric.bind(samples.fields(metric));
    const auto state = samples.state(metric);
    EXPECT_EQ(state->samples(), static_cast<std::int64_t>(labels.size()));
    return *state->correct();
}

TEST(TopK, CountsLabelsAmongTheKLargest) {
    const std::vector<double> rows{0.1, 0.7, 0.2, 0.1, 0.7, 0.2, 0.1, 0.7, 0.2};
    EXPECT_EQ(hits(*topk("1"), rows, {0, 1, 2}), 1);
    EXPECT_EQ(hits(*topk("2"), rows, {0, 1, 2}), 2);
    EXPECT_EQ(hits(*topk("5"), rows, {0, 1, 2}), 3) << "more than there are classes: every label counts";
}

TEST(TopK, OfEqualOutputsTheLowestIndexWins) {
    const std::vector<double> tie{0.5, 0.5, 0.0};
    EXPECT_EQ(hits(*topk("1"), tie, {0}), 1);
    EXPECT_EQ(hits(*topk("1"), tie, {1}), 0);
    EXPECT_EQ(hits(*topk("1"), {-0.0, 0.0, -1.0}, {0}), 1) << "-0 equals 0";
}

TEST(TopK, NaNRanksLast) {
    EXPECT_EQ(hits(*topk("1"), {kNaN, -5.0, kNaN}, {1}), 1);
    EXPECT_EQ(hits(*topk("2"), {kNaN, -5.0, 7.0}, {1}), 1);
    EXPECT_EQ(hits(*topk("2"), {kNaN, -5.0, kNaN}, {2}), 0);
}

TEST(TopK, ALabelWhoseOutputIsNaNIsWrong) {
    EXPECT_EQ(hits(*topk("1"), {kNaN, kNaN, kNaN}, {0}), 0) << "not right because it has the lowest index";
    EXPECT_EQ(hits(*topk("2"), {kNaN, -5.0, kNaN}, {0}), 0);
    EXPECT_EQ(hits(*topk("3"), {1.0, kNaN, 2.0}, {1}), 0) << "though all three are among the first three";
}

TEST(TopK, ValueIsTheShareOfAllSamples) {
    const auto metric = topk("1");
    const auto samples = test::metric_samples(Shape{2}, Shape{}, true, {1, 0, 1, 0, 1, 0, 1, 0}, {0, 0, 1, 0});
    EXPECT_EQ(samples.value(*metric), 0.75);
    EXPECT_EQ(metric->direction(), Direction::higher_is_better);
    EXPECT_THROW((void)metric->start()->value(), InternalError);
}

TEST(TopK, BoundsCountUnseenSamplesAsWrongAndAsRight) {
    const auto metric = topk("1");
    const auto samples = test::metric_samples(Shape{2}, Shape{}, true, {1, 0, 1, 0, 1, 0}, {0, 0, 1});
    metric->bind(samples.fields(*metric));
    EXPECT_EQ(*samples.state(*metric)->bounds(5), (Interval{2.0 / 8, 7.0 / 8}));
}

TEST(TopK, TheMarginIsThatOverTheBestOther) {
    const auto metric = topk("1");
    const auto samples = test::metric_samples(Shape{3}, Shape{}, true, {0.5, 2, 1, 0.5, 2, 1}, {1, 2});
    metric->bind(samples.fields(*metric));
    EXPECT_EQ(samples.with(0, [&](const SampleAnswer& a) { return metric->margin(a); }), 1.0F);
    EXPECT_EQ(samples.with(1, [&](const SampleAnswer& a) { return metric->margin(a); }), -1.0F) << "a wrong answer";
}

TEST(TopK, AOneHotLabelNamesItsClass) {
    const auto metric = topk("1");
    const auto samples = test::metric_samples(Shape{3}, Shape{3}, true, {0, 5, 1, 0, 5, 1}, {0, 1, 0, 0, 0, 1});
    EXPECT_EQ(samples.value(*metric), 0.5);
}

TEST(TopK, OutputsOfAnyShapeAreALineOfClasses) {
    const auto metric = topk("1");
    EXPECT_EQ(test::metric_samples(Shape{2, 1, 2}, Shape{1}, true, {0, 0, 9, 0}, {2}).value(*metric), 1.0);
}

TEST(TopK, ALabelOutsideTheClassesIsADataError) {
    EXPECT_THROW((void)hits(*topk("1"), {1, 0, 0}, {3}), DataError);
    EXPECT_THROW((void)hits(*topk("1"), {1, 0, 0}, {-1}), DataError);
}

TEST(TopK, RefusesFieldsThatItCannotRank) {
    const auto bind = [](const TensorType& output, const Field& target) {
        topk("1")->bind({.outputs = {{.name = "y", .type = output}}, .targets = {target}});
    };
    const Field label{.name = "label", .type = {DType::s64, Shape{}}};
    EXPECT_NO_THROW(bind({DType::f32, Shape{3}}, label));
    EXPECT_THROW(bind({DType::f32, Shape{}}, label), ConfigError) << "no classes";
    EXPECT_THROW(bind({DType::s64, Shape{3}}, label), ConfigError) << "no real numbers";
    EXPECT_THROW(bind({DType::f32, Shape{3}}, {.name = "label", .is_text = true}), ConfigError);
    EXPECT_THROW(bind({DType::f32, Shape{3}}, {.name = "boxes", .type = {DType::f32, Shape{4}}}), ConfigError);
}

TEST(TopKConfig, TakesANumberAMapOrNothing) {
    ConfigNode map;
    EXPECT_EQ(hits(*make_metric("topk", map), {0.1, 0.7, 0.2}, {2}), 0) << "the default is k = 1";
    map.entries.emplace_back("k", scalar("2"));
    EXPECT_EQ(hits(*make_metric("topk", map), {0.1, 0.7, 0.2}, {2}), 1);
}

TEST(TopKConfig, RefusesABadKAndAnUnknownKeyWithTheirPlace) {
    for (const char* text : {"0", "-1", "one", "1.5"}) {
        try {
            (void)topk(text);
            ADD_FAILURE() << text;
        } catch (const ConfigError& error) {
            EXPECT_THAT(error.what(), ::testing::StartsWith("a.yaml:3:9: evaluation.accuracy.metric.topk")) << text;
        }
    }
    ConfigNode map;
    map.entries.emplace_back("top", scalar("2"));
    EXPECT_THROW((void)make_metric("topk", map), ConfigError);
}

TEST(Metrics, AnUnknownNameIsAConfigErrorThatListsWhatIsThere) {
    try {
        (void)make_metric("mAP", scalar("1"));
        ADD_FAILURE();
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("topk"));
    }
}

}  // namespace
}  // namespace halftone
