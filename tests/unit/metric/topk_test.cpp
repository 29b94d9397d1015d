#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.hpp"
#include "config/config_node.hpp"
#include "metric/metric.hpp"

namespace halftone {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

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
std::int64_t hits(const Metric& metric, const std::vector<float>& rows, const std::vector<std::int64_t>& labels) {
    const Tensor output = Tensor::of<float>(Shape{static_cast<std::int64_t>(rows.size() / 3), 3}, rows);
    MetricState state = metric.empty();
    metric.update(state, output.view(), labels);
    EXPECT_EQ(state.samples, static_cast<std::int64_t>(labels.size()));
    return *metric.correct(state);
}

TEST(TopK, CountsLabelsAmongTheKLargest) {
    const std::vector<float> rows{0.1F, 0.7F, 0.2F, 0.1F, 0.7F, 0.2F, 0.1F, 0.7F, 0.2F};
    EXPECT_EQ(hits(*topk("1"), rows, {0, 1, 2}), 1);
    EXPECT_EQ(hits(*topk("2"), rows, {0, 1, 2}), 2);
    EXPECT_EQ(hits(*topk("5"), rows, {0, 1, 2}), 3) << "more than there are classes: every label counts";
}

TEST(TopK, OfEqualOutputsTheLowestIndexWins) {
    const std::vector<float> tie{0.5F, 0.5F, 0.0F};
    EXPECT_EQ(hits(*topk("1"), tie, {0}), 1);
    EXPECT_EQ(hits(*topk("1"), tie, {1}), 0);
    EXPECT_EQ(hits(*topk("1"), {-0.0F, 0.0F, -1.0F}, {0}), 1) << "-0 equals 0";
}

TEST(TopK, NaNRanksLast) {
    EXPECT_EQ(hits(*topk("1"), {kNaN, -5.0F, kNaN}, {1}), 1);
    EXPECT_EQ(hits(*topk("2"), {kNaN, -5.0F, kNaN}, {0}), 1);
    EXPECT_EQ(hits(*topk("2"), {kNaN, -5.0F, kNaN}, {2}), 0);
}

TEST(TopK, LeavesRowsWithoutLabelsOut) { EXPECT_EQ(hits(*topk("1"), {1, 0, 0, 1, 0, 0}, {0}), 1); }

TEST(TopK, AnOutputWithFewerRowsThanSamplesIsADataError) {
    const auto metric = topk("1");
    const Tensor one_row = Tensor::of<float>(Shape{1, 3}, std::vector<float>{1, 2, 3});
    MetricState state = metric->empty();
    const std::vector<std::int64_t> labels{0, 1};
    EXPECT_THROW(metric->update(state, one_row.view(), labels), DataError) << "its first dimension is not the batch";
}

TEST(TopK, ValueIsTheShareOfAllSamples) {
    const auto metric = topk("1");
    EXPECT_EQ(metric->value({.sums = {}, .counts = {3}, .samples = 4}), 0.75);
    EXPECT_EQ(metric->direction(), Direction::higher_is_better);
    EXPECT_THROW((void)metric->value(metric->empty()), InternalError);
}

TEST(TopK, ALabelOutsideTheClassesIsADataError) {
    EXPECT_THROW((void)hits(*topk("1"), {1, 0, 0}, {3}), DataError);
    EXPECT_THROW((void)hits(*topk("1"), {1, 0, 0}, {-1}), DataError);
}

TEST(TopK, AnOutputWithoutClassesIsADataError) {
    const auto metric = topk("1");
    MetricState state = metric->empty();
    const std::vector<std::int64_t> labels{0};
    const std::vector<float> value{1.0F};
    EXPECT_THROW(metric->update(state, Tensor::of<float>(Shape{1}, value).view(), labels), DataError);
    EXPECT_THROW(metric->update(state, Tensor({DType::s64, Shape{1, 3}}).view(), labels), DataError);
}

TEST(TopKConfig, TakesANumberAMapOrNothing) {
    ConfigNode map;
    EXPECT_EQ(hits(*make_metric("topk", map), {0.1F, 0.7F, 0.2F}, {2}), 0) << "the default is k = 1";
    map.entries.emplace_back("k", scalar("2"));
    EXPECT_EQ(hits(*make_metric("topk", map), {0.1F, 0.7F, 0.2F}, {2}), 1);
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
