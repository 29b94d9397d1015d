#include "strategy/model_wise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

std::vector<std::string> choices(const SearchSpace& space, ModelWise mode = ModelWise::uniform) {
    std::vector<std::string> texts;
    for (const Candidate& candidate : model_wise_candidates(space, mode)) texts.push_back(choice_text(candidate));
    return texts;
}

// LPOT's TensorFlow convolution expands to these four quantized configurations, in this order.
// Source: the project's LPOT reference, 12.1.
TEST(ModelWise, ExpandsAsLpotDoes) {
    const SearchSpace space = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    std::vector<UnitConfig> expanded;
    for (const Candidate& candidate : model_wise_candidates(space, ModelWise::uniform)) {
        expanded.push_back(space.plan(candidate).units[0]);
    }
    EXPECT_THAT(expanded, ElementsAre(kMinmax, kKl, kTensorMinmax, kTensorKl));
}

TEST(ModelWise, AppliesOneChoiceToEveryUnitThatSupportsIt) {
    const SearchSpace space = toy_space({decision("a", {kMinmax, kKl, kFp32}), decision("no_kl", {kMinmax, kFp32}),
                                         decision("fp32_only", {kFp32}), decision("kl_first", {kKl, kMinmax, kFp32})});
    EXPECT_THAT(choices(space), ElementsAre("0 0 0 1", "1 0 0 0"));
}

UnitConfig given_of(DType activation) {
    UnitConfig config = kMinmax;
    config.activation.dtype = activation;
    config.activation.algorithm = kGiven;
    config.weight.algorithm = kGiven;
    return config;
}

// The first unit of an int8 .tflite file reads an input of which the file has no range: that must not move the others.
TEST(ModelWise, KeepsFirstWhatTheFileGivesWhereverAUnitHasIt) {
    const UnitConfig s8 = given_of(DType::s8);
    const UnitConfig u8 = given_of(DType::u8);
    const SearchSpace space =
        toy_space({decision("none", {kMinmax, kKl, kFp32}), decision("a", {s8, kMinmax, kKl, kFp32}, "Conv"),
                   decision("b", {u8, kMinmax, kKl, kFp32}, "Gemm")});
    EXPECT_THAT(choices(space), ElementsAre("0 0 0", "0 1 1", "1 2 2"));
    EXPECT_EQ(choices(space, ModelWise::product).front(), "0 0 0");
}

TEST(ModelWise, TakesEachCalibrationSizeInTurn) {
    EXPECT_THAT(choices(uniform_space(2, {kMinmax, kKl, kFp32}, {100, 500})),
                ElementsAre("0 0", "1 1", "1: 0 0", "1: 1 1"));
}

TEST(ModelWise, WithoutQuantizedOptionsThereIsOneCandidate) {
    EXPECT_THAT(choices(uniform_space(2, {kFp32}, {100, 500})), ElementsAre("0 0"));
    EXPECT_THAT(choices(toy_space({})), ElementsAre(""));
}

TEST(ModelWise, TheProductOverOpTypesPutsUniformOnesFirst) {
    const SearchSpace space =
        toy_space({decision("conv", {kMinmax, kKl, kFp32}, "Conv"), decision("fc", {kMinmax, kKl, kFp32}, "Gemm"),
                   decision("conv_2", {kMinmax, kKl, kFp32}, "Conv")});
    EXPECT_THAT(choices(space, ModelWise::product), ElementsAre("0 0 0", "1 1 1", "0 1 0", "1 0 1"));
}

TEST(ModelWise, RefusesAProductThatCannotBeListed) {
    std::vector<Decision> decisions;
    for (int type = 0; type < 9; ++type) {
        decisions.push_back(decision("u" + std::to_string(type), {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32},
                                     "Type" + std::to_string(type)));
    }
    EXPECT_THROW((void)choices(toy_space(decisions), ModelWise::product), ConfigError) << "4^9 = 262144";
    EXPECT_EQ(choices(toy_space(decisions), ModelWise::uniform).size(), 4U);
}

}  // namespace
}  // namespace halftone
