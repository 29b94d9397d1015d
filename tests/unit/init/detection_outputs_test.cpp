// Detectors by the shapes of their outputs.
#include "init/detection_outputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "surveys.hpp"

namespace halftone {
namespace {

using init_test::port;
using init_test::survey;
using testing::HasSubstr;

TEST(DetectionSections, AllBoxesWithScoresNeedASuppression) {
    const auto sections =
        detection_sections(survey({}, {port("b", "fp32", {"N", "100", "4"}), port("s", "fp32", {"N", "100", "91"})}));
    ASSERT_TRUE(sections);
    EXPECT_THAT(sections->metric.text(), HasSubstr("COCOmAP: {}\n"));
    ASSERT_TRUE(sections->postprocess);
    EXPECT_THAT(sections->postprocess->text(), HasSubstr("Detect:\n  boxes: b\n  scores: s\n"));
    EXPECT_THAT(sections->postprocess->text(),
                HasSubstr("  normalized: false\n  # 91 scores: the first is assumed to be the background, "
                          "category 0.\n  first_class: 0\n"));
}

TEST(DetectionSections, EightyScoresAreCocosCategories) {
    const auto sections =
        detection_sections(survey({}, {port("s", "fp32", {"N", "100", "80"}), port("b", "fp32", {"N", "100", "4"})}));
    ASSERT_TRUE(sections && sections->postprocess);
    const std::string text = sections->postprocess->text();
    EXPECT_THAT(text, HasSubstr("categories: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13,"));
    EXPECT_THAT(text, HasSubstr("84, 85, 86, 87, 88, 89, 90]"));
    const std::string list = text.substr(text.find('['), text.find(']') - text.find('['));
    EXPECT_EQ(std::count(list.begin(), list.end(), ','), 79);
}

TEST(DetectionSections, ChosenBoxesAreMappedByName) {
    const auto sections = detection_sections(
        survey({}, {port("num_detections", "fp32", {"N"}), port("detection_boxes", "fp32", {"N", "10", "4"}),
                    port("detection_scores", "fp32", {"N", "10"}), port("detection_classes", "fp32", {"N", "10"})}));
    ASSERT_TRUE(sections);
    EXPECT_FALSE(sections->postprocess);
    EXPECT_THAT(sections->metric.text(),
                HasSubstr("output_index_mapping: {boxes: 1, classes: 3, scores: 2, num_detections: 0}"));
}

TEST(DetectionSections, OtherModelsHaveNone) {
    EXPECT_FALSE(detection_sections(init_test::classifier()));
    EXPECT_FALSE(detection_sections(survey({}, {port("b", "fp32", {"N", "4"})})));
}

}  // namespace
}  // namespace halftone
