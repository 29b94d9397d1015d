// Postprocesses: what they make of outputs and targets, alone and between model and metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "metric/metric_set.hpp"
#include "metric/postprocess.hpp"
#include "metric/texts.hpp"
#include "support/answer_set.hpp"

namespace halftone {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;
using Texts = std::vector<std::string>;

PluginConfig plugin(const std::string& name, const std::string& yaml) {
    return {.name = name, .node = *parse_yaml(name + ": " + yaml, "p.yaml").find(name)};
}

/// What a step makes of one answer.
struct Processed {
    MetricFields fields;
    std::vector<Tensor> made;  ///< owns what a step made
    std::vector<TensorView> outputs;
    std::vector<FieldValue> targets;
};
Processed process(const std::string& name, const std::string& yaml, const test::AnswerSet& set) {
    const PluginConfig config = plugin(name, yaml);
    const auto step = make_postprocess(config.name, config.node);
    Processed processed{.fields = step->bind(set.fields), .made = {}, .outputs = {}, .targets = {}};
    ProcessedAnswer answer{.id = 5};
    answer.outputs = test::AnswerSet::views_of(set.answers[0].outputs);
    answer.targets = set.answers[0].targets;
    step->apply(answer);
    processed.made = std::move(answer.made);
    processed.outputs = std::move(answer.outputs);
    processed.targets = std::move(answer.targets);
    return processed;
}

std::vector<float> floats(const TensorView& view) {
    const auto values = view.as<float>();
    return {values.begin(), values.end()};
}
std::vector<std::int64_t> integers(const TensorView& view) {
    const auto values = view.as<std::int64_t>();
    return {values.begin(), values.end()};
}

// --- LabelShift, Collect -------------------------------------------------------------------------------------------

TEST(LabelShift, SubtractsItsNumberFromTheLabel) {
    test::AnswerSet set{.fields = {.outputs = {},
                                   .targets = {{.name = "other", .type = {DType::f32, Shape{}}},
                                               {.name = "label", .type = {DType::u8, Shape{}}}}}};
    set.answers.push_back({{}, {Tensor::scalar<float>(3), Tensor::scalar<std::uint8_t>(0)}});
    const Processed processed = process("LabelShift", "1", set);
    EXPECT_EQ(processed.fields.targets[1].type, (TensorType{DType::s64, Shape{}}));
    EXPECT_THAT(integers(std::get<Tensor>(processed.targets[1]).view()), ElementsAre(-1));
    EXPECT_THAT(integers(std::get<Tensor>(process("LabelShift", "{label_shift: -1}", set).targets[1]).view()),
                ElementsAre(1));
    set.fields.targets = {{.name = "label", .is_text = true}};
    EXPECT_THROW((void)process("LabelShift", "1", set), ConfigError);
    EXPECT_THROW((void)make_postprocess("LabelShift", plugin("LabelShift", "one").node), ConfigError);
}

TEST(Collect, ChangesNothing) {
    test::AnswerSet set{.fields = test::detection_fields()};
    set.answers.push_back(test::detection_answer({}));
    EXPECT_EQ(process("Collect", "{length: 10833}", set).fields.outputs, set.fields.outputs);
}

// --- SquadV1 -------------------------------------------------------------------------------------------------------

/// A question of two tokens and the context "Das ist Öl." in four tokens: Das | ist | Öl | . (Ö is two bytes)
test::AnswerSet question(const std::vector<float>& start, const std::vector<float>& end) {
    test::AnswerSet set;
    set.fields = {
        .outputs = {{.name = "end_logits", .type = {DType::f32, Shape{6}}},
                    {.name = "start_logits", .type = {DType::f32, Shape{6}}}},
        .targets = {{.name = "context", .is_text = true}, {.name = "offsets", .type = {DType::s64, Shape{6, 2}}}}};
    const std::vector<std::int64_t> offsets{-1, -1, -1, -1, 0, 3, 4, 7, 8, 11, 11, 12};
    const auto list = [](const std::vector<float>& logits) {
        return test::row_tensor(Shape{static_cast<std::int64_t>(logits.size())}, logits);
    };
    set.answers.push_back({{list(end), list(start)}, {Texts{"Das ist Öl."}, test::row_tensor(Shape{6, 2}, offsets)}});
    return set;
}
std::string answer_text(const std::string& yaml, const test::AnswerSet& set) {
    return text_of(process("SquadV1", yaml, set).outputs[0]);
}

TEST(SquadV1, TakesTheBestPairThatCanBeAnAnswer) {
    EXPECT_EQ(answer_text("{}", question({9, 0, 0, 1, 5, 0}, {0, 0, 9, 0, 4, 2})), "Öl") << "tokens of the question";
    EXPECT_EQ(answer_text("{}", question({0, 0, 0, 5, 1, 0}, {0, 0, 9, 0, 4, 2})), "ist Öl") << "an end before it";
    EXPECT_EQ(answer_text("{max_answer_length: 1}", question({0, 0, 0, 5, 3, 0}, {0, 0, 0, 0, 4, 2})), "Öl");
    EXPECT_EQ(answer_text("{n_best_size: 1}", question({0, 0, 0, 5, 3, 0}, {0, 0, 9, 0, 4, 2})), "") << "no pair";
    EXPECT_EQ(answer_text("{}", question({1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1})), "Das") << "of equal pairs the first";
    EXPECT_EQ(answer_text("{}", question({NAN, NAN, NAN, NAN, NAN, NAN}, {1, 1, 1, 1, 1, 1})), "");
    const Processed best = process("SquadV1", "{}", question({0, 0, 0, 5, 1, 0}, {0, 0, 9, 0, 4, 2}));
    EXPECT_EQ(best.outputs[1].as<double>()[0], 9);
    EXPECT_TRUE(best.fields.outputs[0].is_text);
}

TEST(SquadV1, ReadsTwoColumnsOfOneOutputAndNamedOutputs) {
    test::AnswerSet set = question({}, {});
    set.fields.outputs = {{.name = "logits", .type = {DType::f32, Shape{6, 2}}}};
    set.answers[0].outputs = {test::row_tensor(Shape{6, 2}, std::vector<float>{9, 0, 0, 0, 0, 9, 1, 0, 5, 4, 0, 2})};
    EXPECT_EQ(answer_text("{}", set), "Öl");
    set = question({0, 0, 0, 5, 1, 0}, {0, 0, 9, 0, 4, 2});
    set.fields.outputs[0].name = "b";
    set.fields.outputs[1].name = "a";
    EXPECT_EQ(answer_text("{start: a, end: b}", set), "ist Öl");
    EXPECT_THROW((void)answer_text("{start: c, end: b}", set), ConfigError);
}

TEST(SquadV1, AcceptsLpotsKeysAndNamesWhatIsMissing) {
    const std::string lpot =
        "{label_file: dev.json, vocab_file: vocab.txt, n_best_size: 20, max_seq_length: 384, max_query_length: 64, "
        "max_answer_length: 30, do_lower_case: True, doc_stride: 128}";
    test::AnswerSet set = question({0, 0, 0, 5, 1, 0}, {0, 0, 9, 0, 4, 2});
    EXPECT_EQ(answer_text(lpot, set), "ist Öl");
    set.fields.targets.pop_back();
    EXPECT_THAT([&] { (void)answer_text(lpot, set); }, ThrowsMessage<ConfigError>(HasSubstr("prepare_text.py squad")));
    set = question({1, 2}, {1, 2});
    EXPECT_THAT([&] { (void)answer_text(lpot, set); }, ThrowsMessage<DataError>(HasSubstr("sample 5")));
}

// --- Detect --------------------------------------------------------------------------------------------------------

/// Four anchors: two that cover one another, one far away, one without any score; two classes.
struct Heads {
    std::vector<float> boxes{0, 0, 10, 10, 0, 0, 10, 9, 50, 50, 60, 60, 0, 0, 1, 1};
    std::vector<float> scores{0.5F, 0.8F, 0.7F, 0.6F, 0.9F, 0.002F, 0.001F, 0.003F};
};
test::AnswerSet anchors(const Heads& heads = {}) {
    test::AnswerSet set;
    set.fields = {.outputs = {{.name = "loc", .type = {DType::f32, Shape{4, 4}}},
                              {.name = "conf", .type = {DType::f32, Shape{4, 2}}}},
                  .targets = test::detection_fields().targets};
    set.answers.push_back({{test::row_tensor(Shape{4, 4}, heads.boxes), test::row_tensor(Shape{4, 2}, heads.scores)},
                           test::detection_answer({}).targets});
    return set;
}

TEST(Detect, SuppressesWithinEachClassAndKeepsTheBest) {
    const Processed found = process("Detect", "{}", anchors());
    EXPECT_THAT(floats(found.outputs[1]), ElementsAre(0.9F, 0.8F, 0.7F));
    EXPECT_THAT(integers(found.outputs[2]), ElementsAre(1, 2, 1));
    EXPECT_THAT(floats(found.outputs[0]), ElementsAre(50, 50, 60, 60, 0, 0, 10, 10, 0, 0, 10, 9));
    EXPECT_EQ(found.fields.boxes, (BoxLayout{.format = BoxFormat::xyxy, .is_normalized = false}));
    EXPECT_THAT(floats(process("Detect", "{top_k: 1}", anchors()).outputs[1]), ElementsAre(0.9F));
    EXPECT_THAT(floats(process("Detect", "{score_threshold: 0.75}", anchors()).outputs[1]), ElementsAre(0.9F, 0.8F));
    EXPECT_THAT(floats(process("Detect", "{iou_threshold: 0.9}", anchors()).outputs[1]),
                ElementsAre(0.9F, 0.8F, 0.7F, 0.6F, 0.5F))
        << "an IoU of 0.9 itself is not above it";
    EXPECT_THAT(integers(process("Detect", "{categories: [-1, 44]}", anchors()).outputs[2]), ElementsAre(44))
        << "class 0 is the background";
    EXPECT_THAT(integers(process("Detect", "{first_class: 0}", anchors()).outputs[2]), ElementsAre(0, 1, 0));
    EXPECT_THAT(floats(process("Detect", "{score_threshold: 1}", anchors()).outputs[1]), IsEmpty());
}

TEST(Detect, OfEqualScoresTheFirstClassAndTheFirstAnchorWin) {
    Heads heads;
    heads.scores = {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F, NAN, NAN};
    const Processed found = process("Detect", "{}", anchors(heads));
    EXPECT_THAT(integers(found.outputs[2]), ElementsAre(1, 1, 2, 2));
    EXPECT_THAT(floats(found.outputs[0]), ElementsAre(0, 0, 10, 10, 50, 50, 60, 60, 0, 0, 10, 10, 50, 50, 60, 60));
}

TEST(Detect, ReadsOutputsThatLieTheOtherWay) {
    test::AnswerSet set = anchors();
    const Heads heads;
    std::vector<float> boxes;
    std::vector<float> scores;
    for (std::size_t c = 0; c < 4; ++c) {
        for (std::size_t a = 0; a < 3; ++a) boxes.push_back(heads.boxes[4 * a + c]);
    }
    for (std::size_t c = 0; c < 2; ++c) {
        for (std::size_t a = 0; a < 3; ++a) scores.push_back(heads.scores[2 * a + c]);
    }
    set.fields.outputs[0].type.shape = Shape{4, 3};
    set.fields.outputs[1].type.shape = Shape{2, 3};
    set.answers[0].outputs = {test::row_tensor(Shape{4, 3}, boxes), test::row_tensor(Shape{2, 3}, scores)};
    const Processed found = process("Detect", "{boxes: loc, scores: conf}", set);
    EXPECT_THAT(integers(found.outputs[2]), ElementsAre(1, 2, 1));
    EXPECT_THAT(floats(found.outputs[0]), ElementsAre(50, 50, 60, 60, 0, 0, 10, 10, 0, 0, 10, 9));
}

/// YOLO's head: all in one output, boxes by their centres. Eight anchors, of which two hold something.
test::AnswerSet yolo(bool has_objectness, bool is_transposed) {
    const std::size_t columns = has_objectness ? 7 : 6;
    std::vector<float> rows(8 * columns);
    const auto put = [&](std::size_t anchor, std::vector<float> row) {
        if (has_objectness) row.insert(row.begin() + 4, 0.5F);
        std::copy(row.begin(), row.end(), rows.begin() + static_cast<std::ptrdiff_t>(anchor * columns));
    };
    put(2, {5, 5, 10, 10, 0.25F, 0.5F});
    put(6, {55, 55, 10, 10, 0.75F, 0});
    std::vector<float> values = rows;
    if (is_transposed) {
        for (std::size_t i = 0; i < rows.size(); ++i) values[i % columns * 8 + i / columns] = rows[i];
    }
    const auto wide = static_cast<std::int64_t>(columns);
    const Shape shape = is_transposed ? Shape{wide, 8} : Shape{8, wide};
    test::AnswerSet set;
    set.fields = {.outputs = {{.name = "output0", .type = {DType::f32, shape}}},
                  .targets = test::detection_fields().targets};
    set.answers.push_back({{test::row_tensor(shape, values)}, test::detection_answer({}).targets});
    return set;
}

TEST(Detect, ReadsYolosOneOutput) {
    const std::string keys = "boxes: output0, scores: output0, box_format: cxcywh, first_class: 0";
    for (const bool is_transposed : {false, true}) {
        const Processed plain = process("Detect", "{" + keys + "}", yolo(false, is_transposed));
        EXPECT_THAT(floats(plain.outputs[1]), ElementsAre(0.75F, 0.5F, 0.25F));
        EXPECT_THAT(integers(plain.outputs[2]), ElementsAre(0, 1, 0));
        EXPECT_THAT(floats(plain.outputs[0]), ElementsAre(55, 55, 10, 10, 5, 5, 10, 10, 5, 5, 10, 10));
        const Processed sure = process("Detect", "{" + keys + ", objectness: true}", yolo(true, is_transposed));
        EXPECT_THAT(floats(sure.outputs[1]), ElementsAre(0.375F, 0.25F, 0.125F));
    }
}

TEST(Detect, TakesTheClassOfEachAnchorFromAnOutput) {
    test::AnswerSet set = anchors();
    set.fields.outputs = {{.name = "boxes", .type = {DType::f32, Shape{4, 4}}},
                          {.name = "scores", .type = {DType::f32, Shape{4}}},
                          {.name = "which", .type = {DType::s64, Shape{4}}}};
    set.answers[0].outputs[1] = test::row_tensor(Shape{4}, std::vector<float>{0.5F, 0.75F, 0.25F, 0});
    set.answers[0].outputs.push_back(test::row_tensor(Shape{4}, std::vector<std::int64_t>{3, 3, 5, 3}));
    const Processed found = process("Detect", "{classes: which, first_class: 0}", set);
    EXPECT_THAT(integers(found.outputs[2]), ElementsAre(3, 5));
    EXPECT_THAT(floats(found.outputs[1]), ElementsAre(0.75F, 0.25F));
}

TEST(Detect, RefusesWhatDoesNotFit) {
    test::AnswerSet set = anchors();
    EXPECT_THROW((void)process("Detect", "{boxes: nothing}", set), ConfigError);
    EXPECT_THROW((void)process("Detect", "{iou_threshold: 2}", set), ConfigError);
    set.fields.outputs[0].type.shape = Shape{16};
    EXPECT_THAT([&] { (void)process("Detect", "{}", set); }, ThrowsMessage<ConfigError>(HasSubstr("4 numbers")));
    set = anchors();
    set.answers[0].outputs[1] = test::row_tensor(Shape{3}, std::vector<float>{1, 1, 1});
    EXPECT_THAT([&] { (void)process("Detect", "{}", set); }, ThrowsMessage<DataError>(HasSubstr("sample 5")));
}

// --- between model and metrics -------------------------------------------------------------------------------------

EvaluationConfig evaluation(const std::string& metric, const std::string& settings,
                            const std::vector<PluginConfig>& steps) {
    EvaluationConfig config;
    config.metrics.push_back({.plugin = plugin(metric, settings)});
    config.postprocess = steps;
    return config;
}

TEST(Postprocess, StandsBetweenModelAndMetrics) {
    test::AnswerSet set = anchors();
    set.answers[0].targets = test::detection_answer({.true_boxes = {50, 50, 60, 60}, .labels = {1}}).targets;
    MetricSet metrics(evaluation("COCOmAP", "{}", {plugin("Detect", "{}")}));
    metrics.bind(set.fields.outputs, set.fields.targets);
    MetricSetState state = metrics.start();
    set.with(0, [&](const SampleAnswer& answer) { (void)state.add(answer); });
    EXPECT_NEAR(state.values()[0], 1, 1e-12);
}

TEST(Postprocess, LabelsAreShiftedForMarginsAndValues) {
    const auto samples = test::metric_samples(Shape{3}, Shape{}, true, {1, 2, 9, 5, 1, 1}, {3, 1});
    MetricSet metrics(evaluation("topk", "1", {plugin("LabelShift", "1")}));
    const auto metric = test::metric_of("topk");
    const test::AnswerSet set = test::answer_set(samples, *metric);
    metrics.bind(set.fields.outputs, set.fields.targets);
    MetricSetState state = metrics.start();
    for (std::int64_t i = 0; i < 2; ++i) {
        set.with(i, [&](const SampleAnswer& answer) {
            EXPECT_GT(metrics.margin(answer), 0);
            EXPECT_EQ(state.add(answer), 1);
        });
    }
    EXPECT_EQ(state.values()[0], 1);
}

TEST(Postprocess, TheFp32ModelsOutputsGoTheSameWay) {
    test::AnswerSet set = anchors();
    set.answers[0].baseline = set.answers[0].outputs;
    EvaluationConfig config = evaluation("MAE", "{compare_label: false}", {plugin("Detect", "{}")});
    config.metrics[0].outputs = {"scores"};
    MetricSet metrics(config);
    metrics.bind(set.fields.outputs, set.fields.targets);
    MetricSetState state = metrics.start();
    set.with(0, [&](const SampleAnswer& answer) { (void)state.add(answer); });
    EXPECT_EQ(state.values()[0], 0);
}

TEST(Postprocess, WhatDoesNotFitIsShownWithBothSchemas) {
    const test::AnswerSet set = anchors();
    MetricSet detected(evaluation("topk", "1", {plugin("Detect", "{}")}));
    EXPECT_THAT([&] { detected.bind(set.fields.outputs, {{.name = "t", .is_text = true}}); },
                ThrowsMessage<ConfigError>(AllOf(HasSubstr("p.yaml:1:1: topk does not fit"), HasSubstr("loc fp32"),
                                                 HasSubstr("after postprocess: boxes fp32"))));
    MetricSet texts(evaluation("topk", "1", {plugin("SquadV1", "{}")}));
    EXPECT_THAT([&] { texts.bind(set.fields.outputs, set.fields.targets); },
                ThrowsMessage<ConfigError>(AllOf(HasSubstr("p.yaml:1:1: SquadV1 does not fit"),
                                                 HasSubstr("outputs that it gets"), HasSubstr("labels int64"))));
    const test::AnswerSet asked = question({0, 0, 0, 5, 1, 0}, {0, 0, 9, 0, 4, 2});
    MetricSet numbers(evaluation("topk", "1", {plugin("SquadV1", "{}")}));
    EXPECT_THAT([&] { numbers.bind(asked.fields.outputs, asked.fields.targets); },
                ThrowsMessage<ConfigError>(HasSubstr("'answer' is a text")));
}

// Sections as LPOT's example configs have them.
TEST(Postprocess, LpotsSectionsAreRead) {
    const std::pair<const char*, const char*> metrics[] = {
        {"COCOmAP", "{}"},
        {"COCOmAP", "{anno_path: /path/to/annotation}"},
        {"COCOmAP", "{map_key: 'DetectionBoxes_Precision/mAP@.50IOU'}"},
        {"mAP", "{iou_thrs: 0.5, map_points: 0}"},
        {"GLUE", "{task: mrpc}"},
        {"SquadF1", "{}"},
        {"mIOU", "{num_classes: 21}"},
        {"MSE", "{compare_label: False}"},
        {"Accuracy", "{}"}};
    for (const auto& [name, settings] : metrics) EXPECT_NO_THROW((void)test::metric_of(name, settings)) << name;
    const std::pair<const char*, const char*> steps[] = {
        {"LabelShift", "-1"}, {"SquadV1", "{label_file: /path/to/dev-v1.1.json, vocab_file: /path/to/vocab.txt}"}};
    for (const auto& [name, settings] : steps) {
        EXPECT_NO_THROW((void)make_postprocess(name, plugin(name, settings).node)) << name;
    }
}

TEST(Postprocess, EveryOneHasItsWordInTheList) {
    EXPECT_THAT(postprocess_names(), ElementsAre("LabelShift", "SquadV1", "Collect", "Detect"));
    EXPECT_THROW((void)make_postprocess("Labels", ConfigNode{}), ConfigError);
}

}  // namespace
}  // namespace halftone
