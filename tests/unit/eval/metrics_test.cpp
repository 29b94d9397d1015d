// Metrics on real sessions: several at once, comparison with fp32's outputs, and the loss paired with the baseline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// Names of metrics with the YAML of their settings.
using Sections = std::vector<std::pair<std::string, std::string>>;

EvaluationConfig metrics(const Sections& sections) {
    EvaluationConfig config;
    for (const auto& [name, yaml] : sections) config.metrics.push_back({.plugin = plugin(name, yaml)});
    return config;
}

/// A random network on 60 samples whose labels are all 0, with the metrics of the sections.
struct MetricWorld {
    World world;
    MetricSet set;
    ModelEvaluator evaluator;

    explicit MetricWorld(const Sections& sections, std::size_t cache_bytes = 1 << 20)
        : set(metrics(sections)), evaluator(setup(cache_bytes)) {
        calibrated(evaluator);
    }
    EvaluationSetup setup(std::size_t cache_bytes) {
        EvaluationSetup made = world.setup(7);
        made.metrics = &set;
        made.cache_bytes = cache_bytes;
        return made;
    }
    Score baseline() {
        const auto payloads = payloads_of(evaluator, kBaseline);
        const Score score = evaluator.merge_scores(payloads);
        evaluator.install_baseline(score, evaluator.merge_judgements(payloads));
        return score;
    }
    Score quantized() { return scored(evaluator, evaluate(world.space.at(0))); }
};

TEST(EvaluatorMetrics, SeveralAreCountedInOnePass) {
    MetricWorld several(Sections{{"topk", "1"}, {"agreement", "{by: sqnr}"}, {"MSE", "{compare_label: false}"}});
    const Score baseline = several.baseline();
    ASSERT_EQ(baseline.metrics.size(), 3U);
    EXPECT_EQ(baseline.metrics[0].name, "topk");
    EXPECT_EQ(baseline.metrics[0].value, baseline.accuracy) << "the goal judges the first";
    EXPECT_EQ(baseline.metrics[1].value, 100) << "fp32 has no noise against itself";
    EXPECT_EQ(baseline.metrics[2].value, 0);
    const Score quantized = several.quantized();
    EXPECT_LT(quantized.metrics[1].value, 100);
    EXPECT_GT(quantized.metrics[1].value, 5) << "but it is the same network";
    EXPECT_GT(quantized.metrics[2].value, 0);
    MetricWorld alone(Sections{{"topk", "1"}});
    EXPECT_EQ(alone.baseline().accuracy, baseline.accuracy);
    EXPECT_EQ(alone.quantized().accuracy, quantized.accuracy);
}

TEST(EvaluatorMetrics, Fp32sOutputsAreTheSameWithAndWithoutMemoryForThem) {
    MetricWorld kept(Sections{{"agreement", "{by: sqnr}"}});
    MetricWorld computed(Sections{{"agreement", "{by: sqnr}"}}, 0);
    const Score once = kept.quantized();
    EXPECT_EQ(kept.quantized(), once) << "the second time they come from memory";
    EXPECT_EQ(computed.quantized(), once);
}

TEST(EvaluatorMetrics, AgreementOrdersSamplesByFp32sMarginAndChangesNoScore) {
    MetricWorld w(Sections{{"agreement", "{}"}});
    const auto payloads = payloads_of(w.evaluator, kBaseline);
    const Score before = w.quantized();
    const std::string difficulty = w.evaluator.merge_difficulty(payloads);
    ASSERT_EQ(difficulty.size(), 60U);
    EXPECT_EQ(difficulty.find('0'), std::string::npos) << "fp32 agrees with itself";
    w.evaluator.install_difficulty(difficulty);
    EXPECT_EQ(w.quantized(), before);
}

TEST(EvaluatorMetrics, TheLossIsPairedSampleBySampleInAnyOrder) {
    MetricWorld w(Sections{{"topk", "1"}});
    const auto payloads = payloads_of(w.evaluator, kBaseline);
    EXPECT_FALSE(w.quantized().loss) << "without a baseline there is no loss";
    const Score baseline = w.baseline();
    const Score score = w.quantized();
    ASSERT_TRUE(score.loss && score.loss->ci95);
    EXPECT_EQ(score.loss->value, baseline.accuracy - score.accuracy);
    EXPECT_LE(score.loss->ci95->low, score.loss->value);
    EXPECT_GE(score.loss->ci95->high, score.loss->value);
    w.evaluator.install_difficulty(w.evaluator.merge_difficulty(payloads));
    EXPECT_EQ(w.quantized().loss, score.loss) << "samples in another order are still paired by their numbers";
    // fp32 against itself: the interval allows for the next sample only.
    const Score same = w.evaluator.merge_scores(payloads);
    EXPECT_EQ(same.loss->value, 0);
    EXPECT_LT(same.loss->ci95->high, 0.05);
}

// F1 judges no sample by itself: both models' values on the same random draws of the samples say how sure the loss is.
TEST(EvaluatorMetrics, TheLossOfAFigureOverAllSamplesHasAnIntervalFromTheBootstrap) {
    MetricWorld w(Sections{{"F1", "{average: macro}"}});
    const auto payloads = payloads_of(w.evaluator, kBaseline);
    const Score baseline = w.baseline();
    const Score score = w.quantized();
    ASSERT_TRUE(score.loss && score.loss->ci95);
    EXPECT_EQ(score.loss->value, baseline.accuracy - score.accuracy);
    EXPECT_LE(score.loss->ci95->low, score.loss->value);  // tests/unit/metric/resampling_test.cpp looks at widths
    EXPECT_GE(score.loss->ci95->high, score.loss->value);
    EXPECT_EQ(w.quantized().loss, score.loss) << "the draws are the same each time";
    const Score same = w.evaluator.merge_scores(payloads);
    ASSERT_TRUE(same.loss && same.loss->ci95);
    EXPECT_EQ(same.loss->ci95->low, 0) << "fp32 against itself: equal on every draw";
    EXPECT_EQ(same.loss->ci95->high, 0);
}

TEST(EvaluatorMetrics, ALossIsPositiveWhereAnErrorGrows) {
    EvaluationConfig config = metrics({{"MAE", "{compare_label: false}"}});
    config.metrics[0].higher_is_better = false;
    World world;
    MetricSet set(config);
    EvaluationSetup setup = world.setup(7);
    setup.metrics = &set;
    ModelEvaluator evaluator(setup);
    calibrated(evaluator);
    const auto payloads = payloads_of(evaluator, kBaseline);
    evaluator.install_baseline(evaluator.merge_scores(payloads), evaluator.merge_judgements(payloads));
    const Score score = scored(evaluator, evaluate(world.space.at(0)));
    ASSERT_TRUE(score.loss && score.loss->ci95);
    EXPECT_EQ(score.loss->value, score.accuracy);
    EXPECT_GT(score.loss->ci95->low, 0) << "every sample has some error";
    EXPECT_LT(score.loss->ci95->low, score.loss->value);
}

TEST(EvaluatorMetrics, AMetricThatFitsNeitherModelNorDataIsRefusedWithBoth) {
    World world;
    MetricSet set(metrics({{"PSNR", "{}"}}));
    EvaluationSetup setup = world.setup(7);
    setup.metrics = &set;
    EXPECT_THAT(message_of<ConfigError>([&] { ModelEvaluator evaluator(setup); }),
                testing::AllOf(testing::HasSubstr("does not fit model and data"),
                               testing::HasSubstr("the data set's targets: label int64 []")));
}

TEST(EvaluatorMetrics, ADamagedPayloadIsRefused) {
    MetricWorld w(Sections{{"topk", "1"}});
    const std::string payload = w.evaluator.run(kBaseline, 0).payload;
    const auto merge = w.evaluator.start_score();
    EXPECT_THROW(merge->add(payload.substr(1)), MpiError);
    EXPECT_THROW(merge->add(payload + "x"), MpiError);
    EXPECT_THROW((void)w.evaluator.merge_judgements({payload.substr(0, payload.size() - 1)}), MpiError);
}

}  // namespace
}  // namespace halftone
