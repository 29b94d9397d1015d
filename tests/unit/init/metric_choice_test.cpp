// The metric by the shapes of outputs and targets.
#include "init/metric_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "surveys.hpp"

namespace halftone {
namespace {

using init_test::port;
using init_test::survey;
using testing::HasSubstr;

std::string metric_of(const ModelSurvey& model, const std::vector<Field>& targets, std::int64_t classes = 0) {
    FoundData data;
    data.targets = targets;
    data.classes = classes;
    return choose_metric(model, data).text();
}

Field target(DType dtype, std::vector<std::int64_t> shape) {
    return {.name = "label", .type = {dtype, Shape(std::move(shape))}};
}

/// The last line is the metric, those above are reasons.
std::string last_line(const std::string& text) {
    const std::size_t at = text.rfind('\n', text.size() - 2);
    return text.substr(at == std::string::npos ? 0 : at + 1);
}

TEST(MetricChoice, GoesByShapes) {
    EXPECT_EQ(last_line(metric_of(init_test::classifier(), {target(DType::s64, {})})), "topk: 1\n");
    EXPECT_EQ(last_line(metric_of(init_test::classifier(), {target(DType::u8, {1})})), "topk: 1\n");
    EXPECT_EQ(last_line(metric_of(init_test::classifier(), {})), "agreement: {}\n");
    const auto binary = survey({}, {port("p", "fp32", {"N", "1"})});
    EXPECT_EQ(last_line(metric_of(binary, {target(DType::s32, {})})), "Accuracy: {}\n");
    EXPECT_EQ(last_line(metric_of(binary, {target(DType::f32, {1})})), "MSE: {}\n");
    const auto areas = survey({}, {port("p", "fp32", {"N", "21", "H", "W"})});
    EXPECT_EQ(last_line(metric_of(areas, {target(DType::u8, {64, 64})})), "mIOU: {num_classes: 21}\n");
    EXPECT_EQ(last_line(metric_of(areas, {target(DType::f32, {7, 7, 7, 7})})), "agreement: {}\n");
}

TEST(MetricChoice, ValuesDecideWhereRealNumbersAreClasses) {
    const auto metric = [](const ModelSurvey& model, const Field& label, const LabelForm& form) {
        FoundData data;
        data.targets = {label};
        data.labels = form;
        return last_line(choose_metric(model, data).text());
    };
    const Field one = target(DType::f32, {});
    EXPECT_EQ(metric(init_test::classifier(), one, {.largest = 9}), "topk: 1\n");
    EXPECT_EQ(metric(init_test::classifier(), one, {.largest = 10}), "agreement: {}\n") << "outside the ten classes";
    EXPECT_EQ(metric(init_test::classifier(), one, {}), "agreement: {}\n") << "a fraction";
    EXPECT_EQ(metric(init_test::classifier("classes"), one, {.largest = 1}), "agreement: {}\n") << "unknown classes";
    const auto hot = LabelForm{.is_one_hot = true};
    EXPECT_EQ(metric(init_test::classifier(), target(DType::f32, {10}), hot), "topk: 1\n");
    EXPECT_EQ(metric(init_test::classifier(), target(DType::u8, {10}), hot), "topk: 1\n");
    EXPECT_EQ(metric(init_test::classifier(), target(DType::f32, {10}), {}), "MSE: {}\n") << "numbers to be met";
    EXPECT_EQ(metric(init_test::classifier(), target(DType::f32, {9}), hot), "MSE: {}\n") << "not the model's classes";
    const auto binary = survey({}, {port("p", "fp32", {"N", "1"})});
    EXPECT_EQ(metric(binary, target(DType::f32, {1}), {.largest = 1}), "Accuracy: {}\n");
    EXPECT_EQ(metric(binary, target(DType::f32, {1}), {.largest = 2}), "MSE: {}\n");
}

TEST(MetricChoice, NamesTheOutputWhereThereAreSeveral) {
    const auto model = survey({}, {port("embedding", "fp32", {"N", "8", "8"}), port("495", "fp32", {"N", "10"})});
    EXPECT_EQ(last_line(metric_of(model, {target(DType::s64, {})})), "topk: {k: 1, output: \"495\"}\n");
}

TEST(MetricChoice, SaysWhereClassesAndDataDiffer) {
    EXPECT_THAT(metric_of(init_test::classifier("1001"), {target(DType::s64, {})}, 1000), HasSubstr("LabelShift"));
    EXPECT_THAT(metric_of(init_test::classifier("10"), {target(DType::s64, {})}, 7), HasSubstr("LOOK HERE"));
    EXPECT_THAT(metric_of(init_test::classifier("10"), {target(DType::s64, {})}, 10),
                testing::Not(HasSubstr("LOOK HERE")));
}

TEST(MetricChoice, DataThatKnowTheirMetricDecide) {
    FoundData data;
    data.metric.emplace();
    data.metric->add(0, "COCOmAP", "{}");
    EXPECT_EQ(choose_metric(init_test::classifier(), data).text(), "COCOmAP: {}\n");
}

}  // namespace
}  // namespace halftone
