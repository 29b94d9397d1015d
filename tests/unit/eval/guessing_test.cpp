// When an accuracy looks like that of guesses, by intervals worked out apart (Wilson 1927, z = 1.96).
#include "eval/guessing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A bound set of one metric, which judges `classes` numbers against one label.
MetricSet judge(std::int64_t classes, const std::string& metric = "topk", const std::string& yaml = "1") {
    MetricSet set(test::metric_config(metric, yaml));
    set.bind({{.name = "logits", .type = {DType::f32, Shape{classes}}}},
             {{.name = "label", .type = {DType::s64, Shape{}}}});
    return set;
}

std::string text_of(const MetricSet& set, std::int64_t correct, std::int64_t samples) {
    return guessing_text(set, {.accuracy = static_cast<double>(correct) / static_cast<double>(samples),
                               .correct = correct,
                               .samples = samples});
}

TEST(Guessing, AnAccuracyOfGuessesIsNamedWithWhatToTry) {
    EXPECT_THAT(text_of(judge(10), 1012, 10000),
                AllOf(HasSubstr("topk is 0.1012 on 10000 samples and guessing gives 0.1"), HasSubstr("Normalize"),
                      HasSubstr("RGB or BGR"), HasSubstr("LabelShift")));
    EXPECT_NE(text_of(judge(1000), 0, 50), "") << "labels that are shifted: less than guesses";
}

TEST(Guessing, ItIsTheIntervalThatDecides) {
    // 1065 of 10000: [0.1006, 0.1127] lies above 0.1, and so does every better value.
    EXPECT_EQ(text_of(judge(10), 1065, 10000), "");
    EXPECT_EQ(text_of(judge(10), 9328, 10000), "");
    // 120 of 1000: [0.1013, 0.1416]. 118: [0.0994, 0.1395].
    EXPECT_EQ(text_of(judge(10), 120, 1000), "");
    EXPECT_NE(text_of(judge(10), 118, 1000), "");
}

TEST(Guessing, AFewSamplesProveNothing) {
    EXPECT_EQ(text_of(judge(10), 0, 3), "");
    // 7 of 12 of two classes: [0.32, 0.81] holds 0.5, and good models, too.
    EXPECT_EQ(text_of(judge(2), 7, 12), "");
    EXPECT_NE(text_of(judge(2), 50, 100), "");
}

TEST(Guessing, TheFirstFiveOfTenAreHalfGuessed) {
    EXPECT_NE(text_of(judge(10, "topk", "5"), 5000, 10000), "");
    EXPECT_EQ(text_of(judge(10, "topk", "5"), 6000, 10000), "");
    EXPECT_EQ(text_of(judge(5, "topk", "5"), 100, 100), "") << "every label counts, so nobody guesses";
    EXPECT_EQ(text_of(judge(kSymbolic), 0, 100), "") << "the number of classes is open";
}

TEST(Guessing, AccuracyOfOneNumberHasTwoClasses) {
    EXPECT_THAT(text_of(judge(1, "Accuracy", "{}"), 101, 200), HasSubstr("guessing gives 0.5"));
    EXPECT_THAT(text_of(judge(4, "Accuracy", "{}"), 50, 200), HasSubstr("guessing gives 0.25"));
}

TEST(Guessing, DetectionsAreNeverRightByChance) {
    MetricSet set(test::metric_config("COCOmAP", "{}"));
    EXPECT_THAT(guessing_text(set, {.accuracy = 0.002, .samples = 50}), HasSubstr("box_format"));
    EXPECT_EQ(guessing_text(set, {.accuracy = 0.05, .samples = 50}), "");
}

TEST(Guessing, ErrorsHaveNoSuchLevel) {
    MetricSet set(test::metric_config("MSE", "{}"));
    EXPECT_EQ(guessing_text(set, {.accuracy = 100, .samples = 50}), "");
}

}  // namespace
}  // namespace halftone
