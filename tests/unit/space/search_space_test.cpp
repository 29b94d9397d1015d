#include "space/search_space.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "graph/given.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

SearchSpace three_units() {
    return toy_space({decision("a", {kMinmax, kKl, kFp32}), decision("b", {kMinmax, kFp32}), decision("c", {kFp32})},
                     {100, 500});
}

TEST(SearchSpace, SizeIsTheProductOfSizesAndOptions) {
    EXPECT_EQ(three_units().size(), 12.0L);
    EXPECT_EQ(three_units().size_text(), "12");
    EXPECT_EQ(uniform_space(6, {kMinmax, kKl, kTensorMinmax, kFp32}).size_text(), "4096");
}

TEST(SearchSpace, LargeSizesAreShownRounded) {
    // 5^30 = 931322574615478515625, which needs 70 bits.
    EXPECT_EQ(uniform_space(30, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32}).size_text(), "9.3e+20");
}

TEST(SearchSpace, CountsTheLastDecisionFastest) {
    const SearchSpace space = three_units();
    EXPECT_EQ(choice_text(space.at(0)), "0 0 0");
    EXPECT_EQ(choice_text(space.at(1)), "0 1 0");
    EXPECT_EQ(choice_text(space.at(2)), "1 0 0");
    EXPECT_EQ(choice_text(space.at(6)), "1: 0 0 0");
    EXPECT_EQ(choice_text(space.at(11)), "1: 2 1 0");
    EXPECT_THROW((void)space.at(12), InternalError);
}

TEST(SearchSpace, IndexesWhatItCouldNeverList) {
    const SearchSpace space = uniform_space(100, {kMinmax, kKl, kTensorMinmax, kFp32});
    EXPECT_EQ(space.at(27).choice[98], 2) << "27 = 1*16 + 2*4 + 3";
    EXPECT_EQ(space.at(27).choice[99], 3);
    EXPECT_EQ(space.at(27).choice[97], 1);
}

TEST(SearchSpace, RefusesIndicesOutside) {
    const SearchSpace space = three_units();
    EXPECT_THROW((void)space.make(0, {0, 0}), InternalError);
    EXPECT_THROW((void)space.make(0, {3, 0, 0}), InternalError);
    EXPECT_THROW((void)space.make(2, {0, 0, 0}), InternalError);
    EXPECT_THROW((void)space.with(space.at(0), 3, 0), InternalError);
}

TEST(SearchSpace, CodesOfTheFileAreKeptOnlyWhereNoPreparationChangesTheModel) {
    UnitConfig given = kMinmax;
    given.activation.algorithm = kGiven;
    given.weight.algorithm = kGiven;
    const std::vector<Preparation> preparations{{}, {.equalizes = true}};
    const SearchSpace space({decision("a", {given, kKl, kFp32}), decision("b", {given, kFp32}), decision("c", {given})},
                            {100, 100}, PlanTopology(), preparations);
    EXPECT_EQ(space.plan(space.make(0, {0, 0, 0})).units, (std::vector<UnitConfig>{given, given, given}));
    EXPECT_EQ(space.plan(space.make(1, {0, 0, 0})).units, (std::vector<UnitConfig>{kKl, kFp32, given}));
    EXPECT_EQ(space.make(1, {0, 0, 0}).hash, space.make(1, {1, 1, 0}).hash) << "they compute the same";
    EXPECT_NE(space.make(0, {0, 0, 0}).hash, space.make(0, {1, 1, 0}).hash);
}

TEST(SearchSpace, WithChangesOneUnit) {
    const SearchSpace space = three_units();
    EXPECT_EQ(space.with(space.at(1), 0, 2), space.make(0, {2, 1, 0}));
}

TEST(SearchSpace, DifferentEffectsHaveDifferentHashes) {
    const SearchSpace space = three_units();
    std::set<std::uint64_t> hashes;
    for (std::uint64_t i = 0; i < 12; ++i) hashes.insert(space.at(i).hash);
    EXPECT_EQ(hashes.size(), 11U) << "12 candidates, of which the two without quantized units are the same";
}

TEST(SearchSpace, TheCalibrationSizeDoesNotCountWhenNothingIsQuantized) {
    const SearchSpace space = three_units();
    EXPECT_EQ(space.make(0, {2, 1, 0}).hash, space.make(1, {2, 1, 0}).hash);
    EXPECT_NE(space.make(0, {2, 0, 0}).hash, space.make(1, {2, 0, 0}).hash);
}

TEST(SearchSpace, ThePlanResolvesTheChoices) {
    const QuantPlan plan = three_units().plan(three_units().make(1, {1, 1, 0}));
    EXPECT_EQ(plan.calibration, 1);
    EXPECT_EQ(plan.units, (std::vector<UnitConfig>{kKl, kFp32, kFp32}));
    EXPECT_EQ(plan.high_precision_units(), 2U);
}

TEST(SearchSpace, FallbacksAreTheUnitsThatCouldBeQuantized) {
    const SearchSpace space = toy_space(
        {decision("a", {kMinmax, kFp32}), decision("b", {kMinmax, kBf16, kFp32}), decision("only_fp32", {kFp32})});
    EXPECT_EQ(fallbacks(space, space.plan(space.make(0, {1, 1, 0}))),
              (std::vector<std::pair<std::string, std::string>>{{"a", "fp32"}, {"b", "bf16"}}));
    EXPECT_TRUE(fallbacks(space, space.plan(space.at(0))).empty());
}

TEST(SearchSpace, ItsHashCoversNamesOptionsAndSizes) {
    const std::uint64_t hash = toy_space({decision("a", {kMinmax, kFp32})}).hash();
    EXPECT_EQ(hash, toy_space({decision("a", {kMinmax, kFp32})}).hash());
    EXPECT_NE(hash, toy_space({decision("b", {kMinmax, kFp32})}).hash());
    EXPECT_NE(hash, toy_space({decision("a", {kKl, kFp32})}).hash());
    EXPECT_NE(hash, toy_space({decision("a", {kMinmax, kFp32})}, {200}).hash());
    EXPECT_NE(hash, toy_space({decision("a", {kMinmax, kFp32}, "Gemm")}).hash());
}

TEST(SearchSpace, RefusesHighPrecisionBeforeQuantized) {
    EXPECT_THROW((void)toy_space({decision("a", {kFp32, kMinmax})}), InternalError);
    EXPECT_THROW((void)toy_space({decision("a", {})}), InternalError);
}

TEST(Decision, FindsItsHighPrecisionOptions) {
    const Decision both = decision("a", {kMinmax, kBf16, kFp32});
    EXPECT_EQ(both.find_high_precision(DType::bf16), 1);
    EXPECT_EQ(both.find_high_precision(DType::f32), 2);
    EXPECT_EQ(decision("a", {kMinmax, kFp32}).find_high_precision(DType::bf16), -1);
    EXPECT_TRUE(both.has_quantized());
    EXPECT_FALSE(decision("a", {kFp32}).has_quantized());
}

TEST(SearchSpace, CandidatesFromAMessageAreJudged) {
    const SearchSpace space = test::toy_space({test::decision("u0", {test::kMinmax, test::kFp32})}, {100, 200});
    EXPECT_TRUE(space.contains(space.make(1, {1})));
    EXPECT_FALSE(space.contains({.calibration = 2, .choice = {1}, .hash = 0}));
    EXPECT_FALSE(space.contains({.calibration = -1, .choice = {1}, .hash = 0}));
    EXPECT_FALSE(space.contains({.calibration = 0, .choice = {2}, .hash = 0}));
    EXPECT_FALSE(space.contains({.calibration = 0, .choice = {}, .hash = 0}));
    EXPECT_FALSE(space.contains({.calibration = 0, .choice = {0, 0}, .hash = 0}));
}

/// Dynamic quantization: the same words, but the range is found at run time.
UnitConfig run_time(UnitConfig config) {
    config.activation.when = When::at_run_time;
    return config;
}

TEST(SearchSpace, ADynamicOptionIsAnotherPlanThanTheStaticOneOfTheSameWords) {
    const UnitConfig dynamic = run_time(kMinmax);
    EXPECT_TRUE(dynamic.is_quantized() && dynamic.is_dynamic() && !dynamic.is_static());
    const SearchSpace space = toy_space({decision("a", {kMinmax, dynamic, kFp32})});
    EXPECT_NE(space.at(0).hash, space.at(1).hash);
    EXPECT_EQ(space.plan(space.at(1)).high_precision_units(), 0U);
    EXPECT_NE(space.hash(), toy_space({decision("a", {kMinmax, kKl, kFp32})}).hash());
}

TEST(SearchSpace, APlanOfDynamicUnitsIsOnePlanForAllCalibrationSizes) {
    const SearchSpace space = toy_space({decision("a", {kMinmax, run_time(kMinmax)})}, {100, 500});
    EXPECT_NE(space.make(0, {0}).hash, space.make(1, {0}).hash);
    EXPECT_EQ(space.make(0, {1}).hash, space.make(1, {1}).hash);
    // With smoothing the index counts alphas, which change what the unit reads.
    const SearchSpace smoothed({decision("a", {kMinmax, run_time(kMinmax)})}, {100, 100}, PlanTopology(),
                               {{.smooth_alpha = 0.3}, {.smooth_alpha = 0.7}});
    EXPECT_NE(smoothed.make(0, {1}).hash, smoothed.make(1, {1}).hash);
}

TEST(SearchSpace, WeightsByBlocksAreAPlanOfTheirOwn) {
    const auto blocks = [](DType dtype, std::int64_t group_size) {
        UnitConfig config = kFp32;
        config.weight = {.dtype = dtype, .algorithm = kRoundToNearest, .group_size = group_size};
        return config;
    };
    const SearchSpace space = toy_space(
        {decision("a", {blocks(DType::s4, 32), blocks(DType::s4, 64), blocks(DType::s8, 32), kFp32})}, {100, 500});
    std::set<std::uint64_t> hashes;
    for (std::uint16_t option = 0; option < 4; ++option) {
        hashes.insert(space.make(0, {option}).hash);
        EXPECT_EQ(space.make(0, {option}).hash, space.make(1, {option}).hash) << "no range depends on samples";
    }
    EXPECT_EQ(hashes.size(), 4U);
    EXPECT_EQ(space.decisions()[0].find_high_precision(DType::f32), 3);
    EXPECT_EQ(space.plan(space.make(0, {0})).high_precision_units(), 0U);
}

}  // namespace
}  // namespace halftone
