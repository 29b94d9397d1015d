// What several strategies promise alike; the test of each by its name has what it alone promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "support/named_strategy.hpp"
#include "support/toy_optimum.hpp"
#include "support/toy_probes.hpp"

namespace halftone {
namespace {

using namespace test;

std::string name_of(const testing::TestParamInfo<std::string>& info) { return info.param; }

class WholeSpace : public testing::TestWithParam<std::string> {};

// Golden check of the project's LPOT reference: LPOT evaluates 6 and skips 56 of a budget of 60.
TEST_P(WholeSpace, ASpaceOfFourIsExhaustedByFourTrials) {
    const SearchSpace four = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    const auto even = [](const Candidate&) { return score(0.5); };
    const Conversation talk = simulate(*make_named(GetParam(), four), even, {.max_trials = 60});
    EXPECT_EQ(talk.candidates.size(), 4U);
    EXPECT_TRUE(talk.is_done);
}

INSTANTIATE_TEST_SUITE_P(Strategies, WholeSpace, testing::Values("exhaustive", "random", "bayesian", "tpe"), name_of);

class WithoutSettings : public testing::TestWithParam<std::string> {};

TEST_P(WithoutSettings, RefusesAny) {
    const SearchSpace space = uniform_space(1, {kMinmax, kFp32});
    EXPECT_THROW((void)make_named(GetParam(), space, "sizes: 3"), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Strategies, WithoutSettings, testing::Values("exhaustive", "random"), name_of);

class Learning : public testing::TestWithParam<std::string> {};

// Random needs (4096 + 1) / 2 on average. The benchmark has the figures over 50 seeds.
TEST_P(Learning, FindsTheOptimumInAQuarterOfRandomsEvaluations) {
    constexpr int kSeeds = 6;
    double sum = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        sum += static_cast<double>(ToyOptimum(seed).evaluations(GetParam(), seed, 1500));
    }
    EXPECT_LT(sum / kSeeds, 512);
}

TEST_P(Learning, IsAFunctionOfItsSeed) {
    const ToyOptimum toy(1);
    const auto accuracy = [&](const Candidate& c) { return score(toy.accuracy(c)); };
    const auto first = simulate(*make_named(GetParam(), toy.space()), accuracy, {.max_trials = 40}).candidates;
    EXPECT_EQ(simulate(*make_named(GetParam(), toy.space()), accuracy, {.max_trials = 40}).candidates, first);
}

TEST_P(Learning, RefusesSettingsThatMakeNoSense) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    EXPECT_THROW((void)make_named(GetParam(), space, "startups: 3"), ConfigError);
    EXPECT_THROW((void)make_named(GetParam(), space, "startup: -1"), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Strategies, Learning, testing::Values("bayesian", "tpe"), name_of);

class FewFallbacks : public testing::TestWithParam<std::string> {};

TEST_P(FewFallbacks, AreEnoughForTheFastestThatMeetsTheGoal) {
    const ProbedToy toy{kProbedCosts};
    const auto strategy = toy.make(GetParam());
    const Conversation talk = toy.talk(*strategy);
    EXPECT_TRUE(talk.is_done);
    std::size_t fewest = kProbedCosts.size() + 1;
    for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
        if (toy.goal.is_met(talk.outcomes[t])) fewest = std::min(fewest, ProbedToy::fallen(talk.candidates[t]).size());
    }
    EXPECT_EQ(fewest, 2U);
}

INSTANTIATE_TEST_SUITE_P(Strategies, FewFallbacks, testing::Values("auto", "pareto"), name_of);

}  // namespace
}  // namespace halftone
