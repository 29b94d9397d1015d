// evaluation.accuracy.metric and multi_metrics: names, fields, limits, weights and directions.
#include <gmock/gmock.h>

#include "helpers.hpp"

namespace halftone::config_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

KnownNames several_metrics() {
    KnownNames known = known_names();
    known.metrics = {"topk", "MSE", "F1"};
    known.lower_is_better = {"MSE"};
    return known;
}

RunConfig read(const std::string& metric, const std::string& tuning = "") {
    const std::string text =
        tuning + "\nevaluation: {accuracy: {" + metric + ", dataloader: {dataset: {dummy: {shape: [4, 2]}}}}}";
    return read_run_config(text, "c.yaml", {}, several_metrics());
}

std::string refusal(const std::string& metric, const std::string& tuning = "") {
    return message_of([&] { static_cast<void>(read(metric, tuning)); });
}

TEST(Metrics, TheDirectionIsTheMetricsOwnUnlessTheConfigSaysOtherwise) {
    EXPECT_TRUE(read("metric: {topk: 1}").tuning.criterion.higher_is_better);
    const RunConfig mse = read("metric: {MSE: }");
    EXPECT_FALSE(mse.tuning.criterion.higher_is_better);
    EXPECT_FALSE(mse.evaluation->metrics[0].higher_is_better);
    EXPECT_THAT(print_config(mse), HasSubstr("higher_is_better: false"));
    const RunConfig other =
        read("metric: {MSE: }", "tuning: {accuracy_criterion: {absolute: 0.1, higher_is_better: true}}");
    EXPECT_TRUE(other.tuning.criterion.higher_is_better);
    EXPECT_TRUE(other.evaluation->metrics[0].higher_is_better);
}

TEST(Metrics, KeysThatAllMetricsHaveAreTakenOutOfTheSection) {
    const auto metric =
        read("metric: {topk: {k: 5, output: logits, target: label, limit: {absolute: 0.002}}}").evaluation->metrics[0];
    EXPECT_THAT(metric.outputs, ElementsAre("logits"));
    EXPECT_THAT(metric.targets, ElementsAre("label"));
    ASSERT_TRUE(metric.limit);
    EXPECT_FALSE(metric.limit->is_relative);
    EXPECT_EQ(metric.limit->loss, 0.002);
    ASSERT_EQ(metric.plugin.node.entries.size(), 1U) << "the metric reads k alone";
    EXPECT_EQ(metric.plugin.node.entries[0].first, "k");
    EXPECT_THAT(read("metric: {F1: {outputs: [a, b]}}").evaluation->metrics[0].outputs, ElementsAre("a", "b"));
}

TEST(Metrics, RefusesContradictingKeys) {
    EXPECT_THAT(refusal("metric: {F1: {output: a, outputs: [b]}}"), HasSubstr("cannot stand beside outputs"));
    EXPECT_THAT(refusal("metric: {F1: {output: [a, b]}}"), HasSubstr("must be one name"));
    EXPECT_THAT(refusal("metric: {F1: {limit: {absolut: 0.1}}}"), HasSubstr("limit"));
    EXPECT_THAT(refusal("metric: {topk: 1}, multi_metrics: {topk: 1}"), HasSubstr("cannot stand beside metric"));
}

TEST(MultiMetrics, WithoutWeightsTheGoalJudgesTheFirstAndLimitsTheOthers) {
    const RunConfig config =
        read("multi_metrics: {topk: 1, MSE: {compare_label: false}}", "tuning: {accuracy_criterion: {relative: 0.02}}");
    const auto& evaluation = *config.evaluation;
    ASSERT_EQ(evaluation.metrics.size(), 2U);
    EXPECT_EQ(evaluation.goal_name(), "topk");
    EXPECT_FALSE(evaluation.is_weighted);
    EXPECT_FALSE(evaluation.metrics[0].limit);
    ASSERT_TRUE(evaluation.metrics[1].limit) << "all metrics must keep to the loss, as in LPOT";
    EXPECT_EQ(evaluation.metrics[1].limit->loss, 0.02);
    EXPECT_FALSE(evaluation.metrics[1].limit->higher_is_better);
    EXPECT_TRUE(config.tuning.criterion.higher_is_better);
}

TEST(MultiMetrics, WeightsMakeOneNumber) {
    const auto evaluation =
        *read("multi_metrics: {topk: 1, F1: {limit: {relative: 1%}}, weight: [0.25, 0.75]}").evaluation;
    EXPECT_TRUE(evaluation.is_weighted);
    EXPECT_EQ(evaluation.goal_name(), "weighted mean");
    EXPECT_EQ(evaluation.metrics[1].weight, 0.75);
    EXPECT_FALSE(evaluation.metrics[0].limit);
    EXPECT_EQ(evaluation.metrics[1].limit->loss, 0.01);
}

TEST(MultiMetrics, DirectionsComeFromTheListElseFromTheMetrics) {
    EXPECT_FALSE(read("multi_metrics: {MSE: , topk: 1}").tuning.criterion.higher_is_better);
    const RunConfig told = read("multi_metrics: {MSE: , topk: 1, higher_is_better: [True, false]}");
    EXPECT_TRUE(told.tuning.criterion.higher_is_better);
    EXPECT_FALSE(told.evaluation->metrics[1].higher_is_better);
}

TEST(MultiMetrics, RefusesListsThatDoNotFit) {
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, F1: , weight: [1]}"),
                HasSubstr("multi_metrics.weight must have one item for each of the 2 metrics, has 1"));
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, F1: , weight: [1, -1]}"), HasSubstr("must be numbers >= 0"));
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, F1: , weight: [0, 0]}"), HasSubstr("must have a number > 0"));
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, F1: , higher_is_better: [yes, maybe]}"), HasSubstr("true or false"));
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, MSE: , weight: [1, 1]}"), HasSubstr("cannot weight topk with MSE"));
    EXPECT_THAT(refusal("multi_metrics: {weight: []}"), HasSubstr("names no metric"));
    EXPECT_THAT(refusal("multi_metrics: {topk: 1, F2: }"), HasSubstr("did you mean 'F1'?"));
}

TEST(MultiMetrics, ThePrintedConfigReadsBackAsTheSame) {
    const RunConfig config = read(
        "multi_metrics: {MSE: {limit: {absolute: 0.1}}, topk: 1, weight: [1, 2], "
        "higher_is_better: [false, false]}");
    const RunConfig again = read_run_config(print_config(config), "c.yaml", {}, several_metrics());
    EXPECT_EQ(print_config(again), print_config(config));
    EXPECT_EQ(again.identity_hash(), config.identity_hash());
}

}  // namespace
}  // namespace halftone::config_test
