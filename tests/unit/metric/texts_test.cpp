// SquadF1, BLEU, GLUE, Loss; characters and words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "metric/texts.hpp"
#include "metric/unicode.hpp"
#include "support/answer_set.hpp"

namespace halftone {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Texts = std::vector<std::string>;

struct GoldenTexts {
    std::string name;
    Texts answers;
    std::vector<Texts> wanted;
    double value;
};
const std::vector<GoldenTexts>& golden_texts() {
    static const std::vector<GoldenTexts> all{
#include "golden/metric/text_golden.inc"
    };
    return all;
}

test::AnswerSet text_set(const Texts& answers, const std::vector<Texts>& wanted) {
    test::AnswerSet set{
        .fields = {.outputs = {text_output("answer")}, .targets = {{.name = "answers", .is_text = true}}}};
    for (std::size_t i = 0; i < answers.size(); ++i) {
        set.answers.push_back({{text_tensor(answers[i])}, {wanted[i]}});
    }
    return set;
}

TEST(TextMetrics, EqualTheProgramsThatDefineThem) {
    for (const GoldenTexts& golden : golden_texts()) {
        const auto metric = test::metric_of(golden.name);
        EXPECT_NEAR(text_set(golden.answers, golden.wanted).value(*metric), golden.value, 1e-9)
            << golden.name << ": " << golden.answers[0];
    }
}

TEST(SquadF1, OfAQuestionTheBestScoredWindowCounts) {
    test::AnswerSet set = text_set({"Paris", "London", "Rome", "Oslo"}, {{"Paris"}, {"Paris"}, {"Paris"}, {"Oslo"}});
    set.fields.outputs.push_back({.name = "answer_score", .type = {DType::f64, Shape{}}});
    set.fields.targets.push_back({.name = "question_id", .is_text = true});
    const double scores[] = {2, 2, -1, NAN};
    const char* questions[] = {"a", "a", "a", "b"};
    for (std::size_t i = 0; i < 4; ++i) {
        set.answers[i].outputs.push_back(Tensor::scalar(scores[i]));
        set.answers[i].targets.emplace_back(Texts{questions[i]});
    }
    EXPECT_EQ(set.value(*test::metric_of("SquadF1")), 100) << "of equal scores the first one, and NaN is one, too";
    set.answers[1].outputs[1] = Tensor::scalar(2.5);
    EXPECT_EQ(set.value(*test::metric_of("SquadF1")), 50);
}

TEST(SquadF1, AQuestionWithoutAnswerWantsNone) {
    EXPECT_EQ(text_set({"", "the", "x"}, {{}, {""}, {}}).value(*test::metric_of("SquadF1")), 200.0 / 3);
}

TEST(SquadF1, JudgesEachSampleWhereItIsAQuestion) {
    const test::AnswerSet set = text_set({"Paris", "Rome"}, {{"Paris"}, {"Paris"}});
    const auto metric = test::metric_of("SquadF1");
    metric->bind(set.fields);
    const auto state = metric->start();
    EXPECT_EQ(set.with(0, [&](const SampleAnswer& answer) { return state->add(answer); }), 100);
    EXPECT_EQ(set.with(1, [&](const SampleAnswer& answer) { return state->add(answer); }), 0);
}

TEST(SquadF1, NamesThePostprocessThatMakesTexts) {
    MetricFields fields{.outputs = {{.name = "start", .type = {DType::f32, Shape{4}}}},
                        .targets = {{.name = "answers", .is_text = true}}};
    EXPECT_THAT([&] { test::metric_of("SquadF1")->bind(fields); },
                ThrowsMessage<ConfigError>(HasSubstr("postprocess SquadV1")));
    fields.outputs = {text_output("answer")};
    fields.targets = {{.name = "label", .type = {DType::s64, Shape{}}}};
    EXPECT_THAT([&] { test::metric_of("SquadF1")->bind(fields); }, ThrowsMessage<ConfigError>(HasSubstr("'answers'")));
}

TEST(Bleu, ComparesTokensAsItComparesWords) {
    const auto tokens = [](const std::vector<std::int64_t>& said, const std::vector<std::int64_t>& wanted,
                           const std::string& settings) {
        test::AnswerSet set;
        set.fields = {.outputs = {{.name = "y", .type = {DType::s64, Shape{kSymbolic}}}},
                      .targets = {{.name = "t", .type = {DType::s64, Shape{kSymbolic}}}}};
        const auto list = [](const std::vector<std::int64_t>& values) {
            return test::row_tensor(Shape{static_cast<std::int64_t>(values.size())}, values);
        };
        set.answers.push_back({{list(said)}, {list(wanted)}});
        return set.value(*test::metric_of("BLEU", settings));
    };
    const double words = text_set({"e f g h i j"}, {{"e f g h i k"}}).value(*test::metric_of("BLEU"));
    EXPECT_DOUBLE_EQ(tokens({5, 6, 7, 8, 9, 10}, {5, 6, 7, 8, 9, 11}, "{}"), words);
    EXPECT_DOUBLE_EQ(
        tokens({5, 6, 7, 8, 9, 10, 1, 44, 44}, {0, 5, 6, 7, 8, 9, 11, 0, 0}, "{ignored_tokens: [0], end_token: 1}"),
        words);
}

TEST(Bleu, RefusesWhatHasNoWords) {
    const auto bind = [](const Field& output, const Field& target) {
        test::metric_of("BLEU")->bind({.outputs = {output}, .targets = {target}});
    };
    const Field text{.name = "t", .is_text = true};
    const Field numbers{.name = "n", .type = {DType::f32, Shape{3}}};
    EXPECT_THROW(bind(numbers, text), ConfigError);
    EXPECT_THROW(bind(numbers, numbers), ConfigError);
    EXPECT_THROW((void)text_set({"a"}, {{}}).value(*test::metric_of("BLEU")), DataError);
}

TEST(Bleu, LeavesOutLengthsOfWhichThereIsNoRun) {
    // exp((log 1 + log 1) / 4): as LPOT; sacrebleu would say 0 without its option effective_order.
    EXPECT_DOUBLE_EQ(text_set({"good morning"}, {{"good morning"}}).value(*test::metric_of("BLEU")), 100);
}

TEST(Glue, RefusesUnknownTasksAndOtherClasses) {
    EXPECT_THROW((void)test::metric_of("GLUE", "{task: squad}"), ConfigError);
    const MetricFields three{.outputs = {{.name = "y", .type = {DType::f32, Shape{3}}}},
                             .targets = {{.name = "t", .type = {DType::s64, Shape{}}}}};
    EXPECT_NO_THROW(test::metric_of("GLUE", "{task: mnli}")->bind(three));
    EXPECT_THROW(test::metric_of("GLUE", "{task: cola}")->bind(three), ConfigError);
    EXPECT_THROW(test::metric_of("GLUE", "{task: sts-b}")->bind(three), ConfigError);
}

TEST(Loss, SumsTheElementsOfASampleAndIsLowerIsBetter) {
    const auto samples = test::metric_samples(Shape{2}, Shape{}, true, {1, 2, 5, 6}, {0, 0});
    const auto metric = test::metric_of("Loss");
    EXPECT_EQ(metric->direction(), Direction::lower_is_better);
    EXPECT_EQ(test::answer_set(samples, *metric).value(*metric), 7);
}

TEST(Unicode, DecodesWhatItEncodes) {
    const std::string text = "aé€\ufffd😀\n";
    EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
    EXPECT_EQ(decode_utf8(text), U"aé€\ufffd😀\n");
    // Cut off, too long, a surrogate, no character, a lone continuation.
    for (const char* bytes : {"\xe2\x82", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
        const std::u32string damaged = decode_utf8(bytes);
        EXPECT_EQ(damaged, std::u32string(std::string(bytes).size(), 0xfffd));
    }
}

TEST(Unicode, KnowsClassesAndLowerCase) {
    EXPECT_EQ(class_of(U'„'), CharacterClass::punctuation);
    EXPECT_EQ(class_of(U'€'), CharacterClass::symbol);
    EXPECT_EQ(class_of(U'½'), CharacterClass::number);
    EXPECT_EQ(class_of(U'語'), CharacterClass::letter);
    EXPECT_EQ(class_of(U' '), CharacterClass::other);
    EXPECT_EQ(class_of(0x10ffff), CharacterClass::other);
    EXPECT_EQ(to_lower(U"ÄÖÜ ЖΩ Āā ẞ"), U"äöü жω āā ß");
    EXPECT_EQ(split_words(U"\u00a0a\u3000 b\t"), (Texts{"a", "b"}));
}

}  // namespace
}  // namespace halftone
