// The strategy tpe: Parzen estimators that learn from outcomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/toy_optimum.hpp"

namespace halftone {
namespace {

using namespace test;

std::unique_ptr<Strategy> make_parzen(const SearchSpace& space, const std::string& settings = "",
                                      const Goal& goal = Goal({}, 0.9)) {
    return make_strategy(
        "tpe",
        {.space = space, .goal = goal, .baseline = 0.9, .seed = 1, .settings = parse_yaml(settings, "test.yaml")});
}

// Golden check of the project's LPOT reference: LPOT's bayesian evaluates 6 and skips 56 of a budget of 60.
TEST(Tpe, ASpaceOfFourIsExhaustedByFourTrials) {
    const SearchSpace four = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    const auto even = [](const Candidate&) { return score(0.5); };
    const Conversation talk = simulate(*make_parzen(four), even, {.max_trials = 60});
    EXPECT_EQ(talk.candidates.size(), 4U);
    EXPECT_TRUE(talk.is_done);
}

// Random needs (4096 + 1) / 2 on average. The benchmark has the figures over 50 seeds.
TEST(Tpe, FindsTheOptimumInAQuarterOfRandomsEvaluations) {
    constexpr int kSeeds = 6;
    double sum = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        sum += static_cast<double>(ToyOptimum(seed).evaluations("tpe", seed, 1500));
    }
    EXPECT_LT(sum / kSeeds, 512);
}

TEST(Tpe, IsAFunctionOfItsSeed) {
    const ToyOptimum toy(1);
    const auto accuracy = [&](const Candidate& c) { return score(toy.accuracy(c)); };
    const auto first = simulate(*make_parzen(toy.space()), accuracy, {.max_trials = 40}).candidates;
    EXPECT_EQ(simulate(*make_parzen(toy.space()), accuracy, {.max_trials = 40}).candidates, first);
}

TEST(Tpe, RefusesSettingsThatMakeNoSense) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    EXPECT_THROW((void)make_parzen(space, "startups: 3"), ConfigError);
    EXPECT_THROW((void)make_parzen(space, "startup: -1"), ConfigError);
    EXPECT_THROW((void)make_parzen(space, "gamma: 1.5"), ConfigError);
}

}  // namespace
}  // namespace halftone
