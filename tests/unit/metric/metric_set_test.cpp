#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "metric/metric_set.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

MetricConfig metric_config(const std::string& name, const std::string& yaml) {
    MetricConfig config;
    config.plugin.name = name;
    config.plugin.node = *parse_yaml(name + ": " + yaml, "m.yaml").find(name);
    return config;
}

/// A classifier and a regression side by side: outputs "logits" [2] and "height" [1], targets "label" and "metres".
struct TwoTasks {
    std::vector<Field> outputs{{.name = "logits", .type = {DType::f32, Shape{2}}},
                               {.name = "height", .type = {DType::f32, Shape{1}}}};
    std::vector<Field> targets{{.name = "label", .type = {DType::s64, Shape{}}},
                               {.name = "metres", .type = {DType::f32, Shape{1}}}};

    template <class Body>
    void add(std::vector<float> logits, float height, std::int64_t label, float metres, Body&& body) const {
        const Tensor a = Tensor::of<float>(Shape{2}, logits);
        const Tensor b = Tensor::of<float>(Shape{1}, std::span(&height, 1));
        const std::vector<TensorView> views{a.view(), b.view()};
        const std::vector<FieldValue> values{Tensor::scalar(label), Tensor::of<float>(Shape{1}, std::span(&metres, 1))};
        body(SampleAnswer{.id = 0, .outputs = views, .targets = values});
    }
};

EvaluationConfig both(bool is_weighted) {
    EvaluationConfig config;
    config.metrics.push_back(metric_config("topk", "1"));
    config.metrics.push_back(metric_config("PSNR", "{}"));
    config.metrics.back().outputs = {"height"};
    config.metrics.back().targets = {"metres"};
    config.metrics.front().weight = 3;
    config.is_weighted = is_weighted;
    return config;
}

TEST(MetricSet, GivesEachMetricTheFieldsThatItsSectionNames) {
    const TwoTasks tasks;
    MetricSet set(both(false));
    set.bind(tasks.outputs, tasks.targets);
    MetricSetState state = set.start();
    tasks.add({0, 1}, 1.5F, 1, 1.4F, [&](const SampleAnswer& a) { EXPECT_EQ(state.add(a), 1); });
    tasks.add({0, 1}, 1.5F, 0, 1.4F, [&](const SampleAnswer& a) { EXPECT_EQ(state.add(a), 0); });
    ASSERT_EQ(state.values().size(), 2U);
    EXPECT_EQ(state.values()[0], 0.5);
    EXPECT_NEAR(state.values()[1], 20, 1e-4);
    EXPECT_EQ(state.goal_value(state.values()), 0.5) << "the first metric is the goal's";
    EXPECT_EQ(state.correct(), 1);
    EXPECT_EQ(both(false).goal_name(), "topk");
}

TEST(MetricSet, WeighsTheMetricsIfTheConfigSaysSo) {
    const TwoTasks tasks;
    MetricSet set(both(true));
    set.bind(tasks.outputs, tasks.targets);
    MetricSetState state = set.start();
    tasks.add({0, 1}, 1.5F, 1, 1.4F, [&](const SampleAnswer& a) { EXPECT_NEAR(*state.add(a), 5.75, 1e-4); });
    EXPECT_NEAR(state.goal_value(state.values()), 0.75 * 1 + 0.25 * 20, 1e-4);
    EXPECT_FALSE(state.correct());
    EXPECT_FALSE(state.bounds(1)) << "PSNR has no bounds";
    EXPECT_EQ(both(true).goal_name(), "weighted mean");
}

TEST(MetricSet, StatesMergeMetricByMetric) {
    const TwoTasks tasks;
    MetricSet set(both(false));
    set.bind(tasks.outputs, tasks.targets);
    MetricSetState first = set.start();
    MetricSetState second = set.start();
    tasks.add({0, 1}, 1.5F, 1, 1.4F, [&](const SampleAnswer& a) { (void)first.add(a); });
    tasks.add({0, 1}, 1.5F, 0, 1.4F, [&](const SampleAnswer& a) { (void)second.add(a); });
    first.merge(second.save());
    EXPECT_EQ(first.samples(), 2);
    EXPECT_EQ(first.values()[0], 0.5);
    EXPECT_THROW(first.merge(second.save() + "x"), MpiError);
    EXPECT_THROW(first.merge(""), MpiError);
}

TEST(MetricSet, RefusesWhatDoesNotFitWithBothSchemas) {
    const TwoTasks tasks;
    const auto message = [&](const EvaluationConfig& config) -> std::string {
        try {
            MetricSet set(config);
            set.bind(tasks.outputs, tasks.targets);
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "fits";
    };
    EvaluationConfig config = both(false);
    EXPECT_EQ(message(config), "fits");
    config.metrics[1].outputs = {};  // by order: logits
    EXPECT_THAT(message(config), AllOf(StartsWith("m.yaml:1:1: PSNR does not fit model and data: "),
                                       HasSubstr("the model's outputs for a sample: logits fp32 [2], height fp32 [1]"),
                                       HasSubstr("the data set's targets: label int64 [], metres fp32 [1]")));
    config.metrics[1].outputs = {"width"};
    EXPECT_THAT(message(config), HasSubstr("there is no output 'width'"));
    config.metrics[1].outputs = {"logits", "height"};
    EXPECT_THAT(message(config), HasSubstr("it compares one output"));
}

}  // namespace
}  // namespace halftone
