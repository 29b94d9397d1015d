#include "eval/from_config.hpp"

#include <gmock/gmock.h>

namespace halftone {
namespace {

using testing::ElementsAre;

TEST(ResolveAuto, ReducesTheRangeOnlyWhereProductsAreNotExact) {
    QuantizationConfig config;
    ASSERT_EQ(config.reduce_range, "auto");
    EXPECT_EQ(resolve_auto(config, true).reduce_range, "off");
    EXPECT_EQ(resolve_auto(config, false).reduce_range, "on");
}

TEST(ResolveAuto, KeepsWhatTheUserChose) {
    QuantizationConfig config;
    for (const char* word : {"on", "off", "verify"}) {
        config.reduce_range = word;
        EXPECT_EQ(resolve_auto(config, true).reduce_range, word);
        EXPECT_EQ(resolve_auto(config, false).reduce_range, word);
    }
}

TEST(LimitSamplingSizes, TakesWhatTheDataSetHas) {
    QuantizationConfig config;
    config.sampling_sizes = {10, 1000, 50, 2000};
    EXPECT_THAT(limit_sampling_sizes(config, 100).sampling_sizes, ElementsAre(10, 100, 50));
    EXPECT_THAT(limit_sampling_sizes(config, 5000).sampling_sizes, ElementsAre(10, 1000, 50, 2000));
}

TEST(OfferedSettings, HoldThePresetsWithoutRules) {
    const OfferedSettings settings = offered_settings({});
    EXPECT_THAT(settings.bits, ElementsAre(kAllBits));
    EXPECT_THAT(settings.weight_algorithms, ElementsAre(Algorithm::minmax, Algorithm::mse, Algorithm::kl));
    std::vector<float> percentiles;
    for (const RangeRule& rule : settings.activation_rules) {
        if (rule.algorithm == Algorithm::percentile) percentiles.push_back(rule.percentile);
    }
    EXPECT_THAT(percentiles, ElementsAre(kDefaultPercentile));
}

TEST(OfferedSettings, AddWhatARuleNamesInTheOrderOfTheFileEachOnce) {
    QuantizationConfig config;
    config.model_wise.weight.bit = {6.5};
    ConstraintRule by_type;
    by_type.constraint.weight.bit = {5, 6.5};
    by_type.constraint.activation.percentile = {99.9};
    ConstraintRule by_name;
    by_name.constraint.weight.bit = {7};
    by_name.constraint.activation.percentile = {99.5, 99.9};
    config.optype_wise = {by_type};
    config.op_wise = {by_name};
    const OfferedSettings settings = offered_settings(config);
    EXPECT_THAT(settings.bits, ElementsAre(7.0F, 6.5F, 5.0F));
    std::vector<float> percentiles;
    for (const RangeRule& rule : settings.activation_rules) {
        if (rule.algorithm == Algorithm::percentile) percentiles.push_back(rule.percentile);
    }
    EXPECT_THAT(percentiles, ElementsAre(kDefaultPercentile, 99.9F, 99.5F));
}

TEST(RecipeRequest, FollowsTheConfig) {
    QuantizationConfig config;
    EXPECT_FALSE(recipe_request(config).equalizes);
    EXPECT_FALSE(recipe_request(config).smooths);
    config.cross_layer_equalization = true;
    config.smooth_alphas = {0.5};
    EXPECT_TRUE(recipe_request(config).equalizes);
    EXPECT_TRUE(recipe_request(config).smooths);
}

TEST(EvaluationSetupOfAConfig, CarriesCorrectionsAndSamples) {
    RunConfig config;
    EXPECT_EQ(evaluation_setup(config).samples, -1);
    EXPECT_EQ(evaluation_setup(config).bias_correction, BiasCorrection::none);
    config.quantization.weight_correction = true;
    config.quantization.bias_correction = true;
    config.quantization.reduce_range = "verify";
    config.tuning.prefix_memory_mb = 2;
    config.evaluation.emplace();
    config.evaluation->iteration = 3;
    config.evaluation->dataloader.batch_size = 10;
    const EvaluationSetup setup = evaluation_setup(config);
    EXPECT_TRUE(setup.treatment.corrects_weights);
    EXPECT_TRUE(setup.treatment.verifies_range);
    EXPECT_EQ(setup.bias_correction, BiasCorrection::sequential);
    EXPECT_EQ(setup.samples, 30);
    EXPECT_EQ(setup.prefix_bytes, std::size_t{2} << 20U);
    EXPECT_EQ(setup.model, nullptr);
}

// A product that wraps could be negative (which means: all samples), or a few samples of a large number.
TEST(EvaluationSetupOfAConfig, MoreSamplesThan64BitsAreAsManyAsFit) {
    RunConfig config;
    config.evaluation.emplace();
    config.evaluation->iteration = std::int64_t{1} << 62;
    config.evaluation->dataloader.batch_size = 6;
    EXPECT_EQ(evaluation_setup(config).samples, INT64_MAX);
}

TEST(OfferedSettings, TheApproachDecidesWhenRangesAreFound) {
    QuantizationConfig config;
    const auto offered = [&](std::string_view approach) {
        config.approach = std::string(approach);
        const OfferedSettings settings = offered_settings(config);
        return std::pair(settings.offers_static, settings.offers_dynamic);
    };
    EXPECT_EQ(offered(kStaticApproach), std::pair(true, false));
    EXPECT_EQ(offered(kDynamicApproach), std::pair(false, true));
    EXPECT_EQ(offered(kAutoApproach), std::pair(true, true));
    EXPECT_EQ(offered(kWeightOnlyApproach), std::pair(false, false));
    EXPECT_TRUE(offered_settings(config).offers_weight_only);
    config.approach = std::string(kAutoApproach);
    EXPECT_FALSE(offered_settings(config).offers_weight_only);
    config.op_wise.emplace_back().constraint.weight.group_size = {64, 32};
    EXPECT_TRUE(offered_settings(config).offers_weight_only);
    EXPECT_THAT(offered_settings(config).group_sizes, ElementsAre(32, 64));
}

TEST(ResolveAuto, DynamicQuantizationAloneHasOneCalibrationSize) {
    QuantizationConfig config;
    config.sampling_sizes = {8, 16, 32};
    EXPECT_EQ(resolve_auto(config, true).sampling_sizes.size(), 3U);
    config.approach = std::string(kDynamicApproach);
    EXPECT_THAT(resolve_auto(config, true).sampling_sizes, ElementsAre(8));
    config.smooth_alphas = {0.5};  // smoothing measures channels with the samples
    EXPECT_EQ(resolve_auto(config, true).sampling_sizes.size(), 3U);
}

TEST(CalibrationData, DynamicQuantizationMakesDoWithEvaluationData) {
    RunConfig config;
    EXPECT_EQ(calibration_data(config), nullptr);
    config.evaluation.emplace();
    EXPECT_EQ(calibration_data(config), nullptr);
    config.quantization.approach = std::string(kDynamicApproach);
    EXPECT_EQ(calibration_data(config), &config.evaluation->dataloader);
    config.quantization.calibration.emplace();
    EXPECT_EQ(calibration_data(config), &*config.quantization.calibration);
}

}  // namespace
}  // namespace halftone
