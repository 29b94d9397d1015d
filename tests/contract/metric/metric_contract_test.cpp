// What every registered metric promises: saved states merge in any grouping to what one pass gives, to the last bit;
// bounds hold whatever the unseen samples are; damaged states are refused.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "metric/texts.hpp"
#include "support/answer_set.hpp"
#include "support/metric_samples.hpp"

namespace halftone {
namespace {

constexpr std::int64_t kRows = 60;

/// Random samples of some type, with many equal outputs.
test::MetricSamples random_samples(std::uint64_t seed, const Shape& output, const Shape& target, bool is_label,
                                   std::uint64_t classes) {
    Rng rng(seed);
    std::vector<double> outputs;
    std::vector<double> targets;
    for (std::int64_t i = 0; i < kRows * output.elements(); ++i) {
        outputs.push_back(static_cast<double>(rng.below(7)) / 3);
    }
    for (std::int64_t i = 0; i < kRows * target.elements(); ++i) {
        targets.push_back(is_label ? static_cast<double>(rng.below(classes)) : rng.normal());
    }
    return test::metric_samples(output, target, is_label, outputs, targets);
}

/// Pictures in which a few of a hundred places hold an object and are said to hold one.
test::AnswerSet random_detections(std::uint64_t seed) {
    Rng rng(seed);
    test::AnswerSet set{.fields = test::detection_fields()};
    const auto draw = [&](std::vector<float>& boxes, std::vector<std::int64_t>& classes) {
        const std::uint64_t count = rng.below(6);
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto y = static_cast<float>(rng.below(4));
            const auto x = static_cast<float>(rng.below(4));
            boxes.insert(boxes.end(), {y / 10, x / 10, y / 10 + 0.25F, x / 10 + 0.25F});
            classes.push_back(static_cast<std::int64_t>(rng.below(2)));
        }
    };
    for (std::int64_t i = 0; i < kRows; ++i) {
        test::DetectionRow row{.image_id = (i * 7) % kRows};
        draw(row.boxes, row.classes);
        for (std::size_t d = 0; d < row.classes.size(); ++d) row.scores.push_back(static_cast<float>(rng.below(4)) / 4);
        draw(row.true_boxes, row.labels);
        for (std::size_t n = 0; n < row.true_boxes.size(); ++n) row.true_boxes[n] *= n % 2 == 0 ? 100 : 200;
        set.answers.push_back(test::detection_answer(row));
    }
    return set;
}

/// Answers of a few words to questions that have two right answers; two samples belong to one question.
test::AnswerSet random_texts(std::uint64_t seed) {
    Rng rng(seed);
    const auto draw = [&] {
        static constexpr const char* kWords[] = {"river", "the", "blue", "house", "Paris,", "1999"};
        std::string text = kWords[rng.below(6)];
        for (std::uint64_t more = rng.below(7); more > 0; --more) text += std::string(" ") + kWords[rng.below(6)];
        return text;
    };
    test::AnswerSet set{
        .fields = {
            .outputs = {text_output("answer"), {.name = "answer_score", .type = {DType::f64, {}}}},
            .targets = {{.name = "answers", .is_text = true}, {.name = "question_id", .type = {DType::s64, {}}}}}};
    for (std::int64_t i = 0; i < kRows; ++i) {
        set.answers.push_back({{text_tensor(draw()), Tensor::scalar(rng.normal())},
                               {std::vector{draw(), draw()}, Tensor::scalar<std::int64_t>(i % 30)}});
    }
    return set;
}

/// Samples that the metric can compare: ten classes with a label, two scores with a label, numbers with numbers,
/// detections with objects, or texts with texts. A metric for which none of them will do needs a kind of its own here.
test::AnswerSet samples_for(Metric& metric) {
    const std::vector<test::MetricSamples> kinds{random_samples(20, Shape{10}, Shape{}, true, 10),
                                                 random_samples(21, Shape{2}, Shape{}, true, 2),
                                                 random_samples(22, Shape{10}, Shape{10}, false, 0)};
    for (test::MetricSamples samples : kinds) {
        if (metric.needs_baseline_outputs()) {
            for (const Tensor& output : samples.outputs) {
                Tensor fp32 = output.clone();
                std::reverse(fp32.mutable_view().as<float>().begin(), fp32.mutable_view().as<float>().end());
                samples.baseline.push_back(fp32);
            }
        }
        try {
            metric.bind(samples.fields(metric));
            return test::answer_set(samples, metric);
        } catch (const ConfigError&) {  // another kind may do
        }
    }
    for (const test::AnswerSet& samples : {random_detections(23), random_texts(24)}) {
        try {
            metric.bind(samples.fields);
            return samples;
        } catch (const ConfigError&) {
        }
    }
    throw ConfigError("no samples for this metric");
}

/// Settings without which a metric cannot be made. The value of `command` is what a program says.
std::string needed_settings(const std::string& name) {
    return name == "command" ? R"({run: [sh, -c, "echo '{\"value\": 0.5, \"samples\": 60}'"]})" : "{}";
}

class EveryMetric : public ::testing::TestWithParam<std::string> {
protected:
    std::unique_ptr<Metric> metric_ = test::metric_of(GetParam(), needed_settings(GetParam()));
    test::AnswerSet samples_ = samples_for(*metric_);

    [[nodiscard]] std::unique_ptr<Accumulator> state_of(std::int64_t first, std::int64_t last) const {
        return samples_.state(*metric_, first, last);
    }
    [[nodiscard]] std::string merged(const std::string& earlier, const std::string& later) const {
        const auto state = metric_->start();
        state->merge(earlier);
        state->merge(later);
        return state->save();
    }
};

TEST_P(EveryMetric, MergesToWhatOnePassGives) {
    const auto whole = state_of(0, kRows);
    EXPECT_EQ(whole->samples(), kRows);
    for (const std::int64_t step : {1, 7, 20, 59}) {
        const auto total = metric_->start();
        for (std::int64_t first = 0; first < kRows; first += step) {
            total->merge(state_of(first, std::min(first + step, kRows))->save());
        }
        EXPECT_EQ(total->save(), whole->save()) << "in steps of " << step;
        EXPECT_EQ(total->value(), whole->value()) << "in steps of " << step;
        EXPECT_EQ(total->correct(), whole->correct());
    }
}

TEST_P(EveryMetric, MergeIsAssociative) {
    const std::string a = state_of(0, 11)->save();
    const std::string b = state_of(11, 38)->save();
    const std::string c = state_of(38, kRows)->save();
    EXPECT_EQ(merged(merged(a, b), c), merged(a, merged(b, c)));
}

TEST_P(EveryMetric, TheEmptyStateChangesNothing) {
    const std::string some = state_of(3, 17)->save();
    const std::string none = metric_->start()->save();
    EXPECT_EQ(merged(some, none), some);
    EXPECT_EQ(merged(none, some), some);
    EXPECT_EQ(metric_->start()->samples(), 0);
}

TEST_P(EveryMetric, AShareIsTheCountOfRightSamples) {
    const auto whole = state_of(0, kRows);
    if (const auto correct = whole->correct()) {
        EXPECT_EQ(whole->value(), static_cast<double>(*correct) / static_cast<double>(kRows));
    }
}

TEST_P(EveryMetric, ItsJudgementsHaveTheValueAsTheirMean) {
    const auto state = metric_->start();
    double sum = 0;
    for (std::int64_t i = 0; i < kRows; ++i) {
        const auto judgement = samples_.with(i, [&](const SampleAnswer& answer) { return state->add(answer); });
        if (!judgement) return;  // F1, mIOU, ROC
        sum += *judgement;
    }
    // RMSE is the root of that mean: slope(value, value) = 1 / (2 value).
    const double mean = sum / static_cast<double>(kRows);
    const double value = state->value();
    if (metric_->slope(value, value) == 1) {
        EXPECT_NEAR(value, mean, 1e-12 * std::abs(mean));
    } else {
        EXPECT_NEAR(value * value, mean, 1e-12 * std::abs(mean));
    }
}

TEST_P(EveryMetric, BoundsHoldTheValueOfAllSamples) {
    const double value = state_of(0, kRows)->value();
    for (const std::int64_t seen : {1, 20, 59, 60}) {
        const auto bounds = state_of(0, seen)->bounds(kRows - seen);
        if (!bounds) continue;
        EXPECT_LE(bounds->low, value) << seen;
        EXPECT_GE(bounds->high, value) << seen;
        EXPECT_EQ(bounds->low == bounds->high, seen == kRows) << seen;
    }
}

TEST_P(EveryMetric, RefusesADamagedState) {
    const std::string saved = state_of(0, 5)->save();
    for (std::size_t size = 0; size < saved.size(); ++size) {
        EXPECT_THROW(metric_->start()->merge(std::string_view(saved).substr(0, size)), MpiError) << size;
    }
    EXPECT_THROW(metric_->start()->merge(saved + "x"), MpiError);
}

INSTANTIATE_TEST_SUITE_P(Metrics, EveryMetric, ::testing::ValuesIn(metric_names()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace halftone
