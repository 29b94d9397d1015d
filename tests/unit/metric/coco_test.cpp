// mAP, COCOmAP, VOCmAP: equal to pycocotools on random pictures; what outputs and targets mean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/error.hpp"
#include "metric/boxes.hpp"
#include "support/answer_set.hpp"
#include "support/config_text.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// COCO's twelve figures, precision at 11 recalls, area under the curve; -1: there is nothing to find.
constexpr std::array<double, 14> kCocoGolden[] = {
#include "golden/metric/coco_golden.inc"
};

/// The draws of tests/golden/metric/make_coco_golden.py (SplitMix64), in its order.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t bound) {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return (mixed ^ (mixed >> 31U)) % bound;
    }
    float quarters(std::uint64_t bound) { return static_cast<float>(below(bound)) / 4; }

private:
    std::uint64_t state_;
};

constexpr std::int64_t kCategories[] = {1, 2, 3, 7};
using FloatBox = std::array<float, 4>;  // x, y, width, height

FloatBox draw_box(Draws& draws) {
    FloatBox box{};
    box[0] = draws.quarters(800);
    box[1] = draws.quarters(800);
    for (const std::size_t side : {2U, 3U}) {
        const auto power = static_cast<float>(4U << draws.below(6));
        box[side] = power + draws.quarters(64);
    }
    return box;
}

void draw_objects(Draws& draws, test::DetectionRow& row, std::vector<FloatBox>& boxes) {
    const std::uint64_t count = draws.below(9);
    for (std::uint64_t i = 0; i < count; ++i) {
        row.labels.push_back(kCategories[draws.below(4)]);
        const FloatBox box = draw_box(draws);
        row.crowd.push_back(draws.below(6) == 0);
        const auto fill = static_cast<float>(1 + draws.below(4));
        row.area.push_back(box[2] * box[3] * fill / 4);
        row.true_boxes.insert(row.true_boxes.end(), {box[1], box[0], box[1] + box[3], box[0] + box[2]});
        boxes.push_back(box);
    }
}

/// Detections as xyxy.
test::DetectionRow draw_picture(Draws& draws, bool is_crowded) {
    test::DetectionRow row;
    std::vector<FloatBox> objects;
    draw_objects(draws, row, objects);
    const std::uint64_t count = is_crowded ? 130 : draws.below(14);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::int64_t category = kCategories[draws.below(4)];
        FloatBox box = draw_box(draws);
        if (!objects.empty() && draws.below(4) > 0) {
            const std::size_t near = draws.below(objects.size());
            if (draws.below(8) > 0) category = row.labels[near];
            for (std::size_t side = 0; side < 4; ++side) {
                const float step = side < 2 ? 0.5F : 0.25F;
                box[side] = objects[near][side] + (static_cast<float>(draws.below(9)) - 4) * step;
            }
        }
        row.boxes.insert(row.boxes.end(), {box[0], box[1], box[0] + box[2], box[1] + box[3]});
        row.classes.push_back(is_crowded ? 2 : category);
        row.scores.push_back(static_cast<float>(draws.below(16)) / 16);
    }
    return row;
}

test::AnswerSet draw_set(std::uint64_t seed) {
    Draws draws(seed);
    test::AnswerSet set{.fields = test::detection_fields()};
    const std::uint64_t pictures = 1 + draws.below(6);
    for (std::uint64_t i = 0; i < pictures; ++i) {
        test::DetectionRow row = draw_picture(draws, seed % 10 == 3 && i == 0);
        row.image_id = static_cast<std::int64_t>(i) + 1;
        set.answers.push_back(test::detection_answer(row));
    }
    return set;
}

double value_of(const test::AnswerSet& set, const std::string& name, const std::string& settings) {
    const auto metric = test::metric_of(name, "{box_format: xyxy, normalized: false" + settings + "}");
    return set.value(*metric);
}

void expect_golden(double value, double golden, const std::string& what) {
    if (golden < 0) {
        EXPECT_TRUE(std::isnan(value)) << what << ": nothing is to be found, got " << value;
    } else {
        EXPECT_NEAR(value, golden, 1e-9) << what;
    }
}

TEST(CocoMap, EqualsPycocotoolsOnRandomPictures) {
    constexpr const char* kKeys[] = {"Precision/mAP",         "Precision/mAP@.50IOU",   "Precision/mAP@.75IOU",
                                     "Precision/mAP (small)", "Precision/mAP (medium)", "Precision/mAP (large)",
                                     "Recall/AR@1",           "Recall/AR@10",           "Recall/AR@100",
                                     "Recall/AR@100 (small)", "Recall/AR@100 (medium)", "Recall/AR@100 (large)"};
    for (std::size_t seed = 0; seed < std::size(kCocoGolden); ++seed) {
        const test::AnswerSet set = draw_set(seed);
        for (std::size_t k = 0; k < std::size(kKeys); ++k) {
            const std::string key = std::string(", map_key: DetectionBoxes_") + kKeys[k];
            expect_golden(value_of(set, "COCOmAP", key), kCocoGolden[seed][k], std::to_string(seed) + key);
        }
        const std::string name = std::to_string(seed);
        expect_golden(value_of(set, "mAP", ", map_points: 11"), kCocoGolden[seed][12], name + " at 11 recalls");
        expect_golden(value_of(set, "mAP", ""), kCocoGolden[seed][13], name + " area");
        expect_golden(value_of(set, "VOCmAP", ""), kCocoGolden[seed][13], name + " VOC");
    }
}

/// Two pictures with one object each, found exactly, in a picture that was resized from 100 x 200 to 50 x 50.
test::AnswerSet two_found(const std::vector<float>& box) {
    test::AnswerSet set{.fields = test::detection_fields()};
    for (std::int64_t i = 0; i < 2; ++i) {
        set.answers.push_back(test::detection_answer({.boxes = box,
                                                      .scores = {0.5F},
                                                      .classes = {3},
                                                      .true_boxes = {5, 10, 25, 40},
                                                      .labels = {3},
                                                      .area = {4800},
                                                      .image_id = 7 - i,
                                                      .size = {50, 50}}));
    }
    return set;
}

TEST(CocoMap, ReadsEveryBoxFormat) {
    const auto value = [](const std::vector<float>& box, const std::string& settings) {
        return two_found(box).value(*test::metric_of("COCOmAP", settings));
    };
    EXPECT_EQ(value({5, 10, 25, 40}, "{normalized: false}"), 1) << "yxyx is LPOT's";
    EXPECT_EQ(value({10, 5, 40, 25}, "{box_format: xyxy, normalized: false}"), 1);
    EXPECT_EQ(value({10, 5, 30, 20}, "{box_format: xywh, normalized: false}"), 1);
    EXPECT_EQ(value({25, 15, 30, 20}, "{box_format: cxcywh, normalized: false}"), 1);
    EXPECT_EQ(value({0.5F, 0.5F, 0.75F, 0.75F}, "{}"), 0) << "another box";
    EXPECT_NEAR(value({0.1F, 0.2F, 0.5F, 0.8F}, "{}"), 1, 1e-12) << "shares of the picture are LPOT's";
}

TEST(CocoMap, AreasAreThoseOfTheOriginalPicture) {
    // The object's 4800 pixels are medium, and so are the detection's 20 * 2 by 30 * 4.
    const auto value = [](const std::string& key, const std::vector<float>& box) {
        const std::string settings = "{normalized: false, map_key: 'DetectionBoxes_Precision/mAP (" + key + ")'}";
        return two_found(box).value(*test::metric_of("COCOmAP", settings));
    };
    EXPECT_EQ(value("medium", {5, 10, 25, 40}), 1);
    EXPECT_TRUE(std::isnan(value("small", {5, 10, 25, 40})));
}

TEST(CocoMap, TakesOutputsByNameByMappingOrInLpotsOrder) {
    const auto value = [](std::vector<std::string> names, std::vector<std::size_t> order, const std::string& settings) {
        test::AnswerSet set = two_found({5, 10, 25, 40});
        const test::AnswerSet::Answer first = set.answers[0];
        set.fields.outputs.clear();
        for (std::size_t i = 0; i < order.size(); ++i) {
            Field field = order[i] < 3 ? test::detection_fields().outputs[order[i]] : Field{.name = "n"};
            field.name = names[i];
            set.fields.outputs.push_back(field);
        }
        for (auto& answer : set.answers) {
            // A second row that the count leaves out, far from any object.
            std::vector<Tensor> all{test::row_tensor(Shape{2, 4}, std::vector<float>{90, 90, 91, 91, 5, 10, 25, 40}),
                                    test::row_tensor(Shape{2}, std::vector<float>{0.5F, 0.9F}),
                                    test::row_tensor(Shape{2}, std::vector<std::int64_t>{3, 3}),
                                    Tensor::scalar<float>(1)};
            answer.outputs.clear();
            for (const std::size_t from : order) answer.outputs.push_back(all[from]);
        }
        return set.value(*test::metric_of("COCOmAP", settings));
    };
    const std::string pixels = "{normalized: false}";
    EXPECT_EQ(value({"detection_boxes:0", "detection_classes:0", "detection_scores:0"}, {0, 2, 1}, pixels), 1);
    EXPECT_EQ(value({"a", "b", "c"}, {0, 1, 2}, pixels), 1);
    EXPECT_EQ(value({"a", "b", "c", "d"}, {3, 0, 1, 2}, pixels), 0) << "the count of LPOT's four stands first";
    EXPECT_EQ(value({"boxes", "labels", "scores", "num_detections"}, {0, 2, 1, 3}, pixels), 0);
    EXPECT_EQ(value({"boxes", "scores", "classes", "raw_boxes"}, {0, 1, 2, 0}, pixels), 1) << "further outputs";
    EXPECT_EQ(value({"a", "b", "c"}, {2, 1, 0},
                    "{normalized: false, output_index_mapping: {num_detections: -1, boxes: 2, scores: 1, classes: 0}}"),
              1);
}

TEST(CocoMap, RowsOfPaddingHoldNoObject) {
    test::AnswerSet set{.fields = test::detection_fields()};
    set.answers.push_back(test::detection_answer({.boxes = {5, 10, 25, 40},
                                                  .scores = {0.5F},
                                                  .classes = {3},
                                                  .true_boxes = {5, 10, 25, 40, 0, 0, 0, 0},
                                                  .labels = {3, -1}}));
    set.fields.targets[0].name = "gt";  // of any names, in the order boxes, labels
    set.fields.targets[1].name = "gt_class";
    set.fields.targets.resize(2);
    EXPECT_NEAR(set.value(*test::metric_of("COCOmAP", "{normalized: false}")), 1, 1e-12);
}

TEST(CocoMap, ClassesMayStandForCategories) {
    test::AnswerSet set = two_found({5, 10, 25, 40});
    EXPECT_EQ(set.value(*test::metric_of("COCOmAP", "{normalized: false, categories: [9, 9, 9, 3]}")), 1);
    EXPECT_EQ(set.value(*test::metric_of("COCOmAP", "{normalized: false, categories: [3]}")), 0) << "no such class";
}

TEST(CocoMap, LeavesOutDetectionsThatAreNoNumbers) {
    test::AnswerSet set = two_found({5, 10, 25, NAN});
    EXPECT_EQ(set.value(*test::metric_of("COCOmAP", "{normalized: false}")), 0);
}

TEST(CocoMap, RefusesWhatDoesNotFit) {
    const auto bind = [](MetricFields fields, const std::string& settings) {
        test::metric_of("COCOmAP", settings)->bind(fields);
    };
    MetricFields two = test::detection_fields();
    two.outputs.pop_back();
    EXPECT_THAT([&] { bind(two, "{}"); }, ThrowsMessage<ConfigError>(HasSubstr("postprocess Detect")));
    // What to add is said in full, so that it can be copied.
    const auto advice = [&](std::vector<Field> outputs) {
        MetricFields fields = test::detection_fields();
        fields.outputs = std::move(outputs);
        return message_of<ConfigError>([&] { bind(fields, "{}"); });
    };
    const auto output = [](const char* name, Shape shape) {
        return Field{.name = name, .type = {DType::f32, std::move(shape)}};
    };
    EXPECT_THAT(advice({output("output_boxes", {9, 7})}),
                HasSubstr("Add to evaluation.accuracy: postprocess: {transform: {Detect: {boxes: output_boxes, scores: "
                          "output_boxes, objectness: true}}}"));
    EXPECT_THAT(advice({output("output0", {84, 8400})}), HasSubstr("{Detect: {boxes: output0, scores: output0}}"));
    EXPECT_THAT(advice({output("cls:0", {1, 1917, 91}), output("loc:0", {1, 1917, 1, 4})}),
                HasSubstr("{Detect: {boxes: 'loc:0', scores: 'cls:0'}}"));
    EXPECT_THAT(advice({output("a", {10}), output("b", {10})}),
                HasSubstr("Add to evaluation.accuracy, with the names of outputs: postprocess: {transform: {Detect: "
                          "{boxes: NAME, scores: NAME}}}"));
    MetricFields unlabelled = test::detection_fields();
    unlabelled.targets.resize(1);
    EXPECT_THAT([&] { bind(unlabelled, "{}"); }, ThrowsMessage<ConfigError>(HasSubstr("'labels'")));
    MetricFields sizeless = test::detection_fields();
    sizeless.targets.resize(4);
    EXPECT_THAT([&] { bind(sizeless, "{}"); }, ThrowsMessage<ConfigError>(HasSubstr("normalized: false")));
    EXPECT_NO_THROW(bind(sizeless, "{normalized: false}"));
    MetricFields made = test::detection_fields();
    made.boxes = BoxLayout{.format = BoxFormat::xyxy, .is_normalized = false};
    EXPECT_NO_THROW(bind(made, "{}"));
    EXPECT_NO_THROW(bind(made, "{box_format: xyxy, normalized: false}"));
    EXPECT_THAT([&] { bind(made, "{box_format: xywh}"); }, ThrowsMessage<ConfigError>(HasSubstr("leave them out")));
    for (const char* settings : {"{iou_thrs: 0.5:0.05}", "{iou_thrs: 2}", "{map_points: 12}", "{map_key: mAP}",
                                 "{iou_thrs: 0.5, map_key: DetectionBoxes_Precision/mAP@.75IOU}", "{box_format: ab}",
                                 "{output_index_mapping: {boxes: 0}}", "{output_index_mapping: {box: 0}}"}) {
        EXPECT_THROW((void)test::metric_of("COCOmAP", settings), ConfigError) << settings;
    }
}

TEST(CocoMap, RefusesAnswersWhoseSizesDoNotFit) {
    const auto metric = test::metric_of("COCOmAP", "{normalized: false}");
    test::AnswerSet set = two_found({5, 10, 25, 40});
    set.answers[1].outputs[1] = test::row_tensor(Shape{2}, std::vector<float>{1, 2});
    EXPECT_THAT([&] { (void)set.value(*metric); }, ThrowsMessage<DataError>(HasSubstr("sample 1")));
    set = two_found({5, 10, 25, 40});
    set.answers[0].targets[1] = test::row_tensor(Shape{2}, std::vector<std::int64_t>{1, 2});
    EXPECT_THAT([&] { (void)set.value(*metric); }, ThrowsMessage<DataError>(HasSubstr("sample 0")));
}

}  // namespace
}  // namespace halftone
