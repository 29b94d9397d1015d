// The strategy bayesian: a Gaussian process that learns from outcomes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "support/toy_optimum.hpp"

namespace halftone {
namespace {

using namespace test;

std::unique_ptr<Strategy> make_gp(const SearchSpace& space, const std::string& settings = "",
                                  const Goal& goal = Goal({}, 0.9)) {
    return make_strategy(
        "bayesian",
        {.space = space, .goal = goal, .baseline = 0.9, .seed = 1, .settings = parse_yaml(settings, "test.yaml")});
}

// Golden check of the project's LPOT reference: LPOT's bayesian evaluates 6 and skips 56 of a budget of 60.
TEST(Bayesian, ASpaceOfFourIsExhaustedByFourTrials) {
    const SearchSpace four = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    const auto even = [](const Candidate&) { return score(0.5); };
    const Conversation talk = simulate(*make_gp(four), even, {.max_trials = 60});
    EXPECT_EQ(talk.candidates.size(), 4U);
    EXPECT_TRUE(talk.is_done);
}

// Random needs (4096 + 1) / 2 on average. The benchmark has the figures over 50 seeds.
TEST(Bayesian, FindsTheOptimumInAQuarterOfRandomsEvaluations) {
    constexpr int kSeeds = 6;
    double sum = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        sum += static_cast<double>(ToyOptimum(seed).evaluations("bayesian", seed, 1500));
    }
    EXPECT_LT(sum / kSeeds, 512);
}

TEST(Bayesian, IsAFunctionOfItsSeed) {
    const ToyOptimum toy(1);
    const auto accuracy = [&](const Candidate& c) { return score(toy.accuracy(c)); };
    const auto first = simulate(*make_gp(toy.space()), accuracy, {.max_trials = 40}).candidates;
    EXPECT_EQ(simulate(*make_gp(toy.space()), accuracy, {.max_trials = 40}).candidates, first);
}

TEST(Bayesian, RefusesSettingsThatMakeNoSense) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    EXPECT_THROW((void)make_gp(space, "startups: 3"), ConfigError);
    EXPECT_THROW((void)make_gp(space, "startup: -1"), ConfigError);
    EXPECT_THROW((void)make_gp(space, "acquisition: pi"), ConfigError);
}

TEST(Bayesian, LeavesHighPrecisionOutUnlessItIsAskedFor) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32});
    const auto even = [](const Candidate&) { return score(0.5); };
    const auto talk = [&](const std::string& settings) {
        const auto strategy = make_strategy(
            "bayesian",
            {.space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .settings = parse_yaml(settings, "test.yaml")});
        return simulate(*strategy, even).candidates.size();
    };
    EXPECT_EQ(talk(""), 8U);
    EXPECT_EQ(talk("fallback: true"), 27U);
}

// Every unit costs accuracy in 8 bits, two of them too much: the fastest that passes has those two in fp32.
TEST(Bayesian, WithFallbackItDoesNotCollapseToFp32) {
    const SearchSpace space = uniform_space(6, {kMinmax, kFp32});
    const AdditiveCosts costs{{{0.001, 0}, {0.02, 0}, {0.001, 0}, {0.03, 0}, {0.001, 0}, {0.001, 0}}};
    const Goal goal({.is_relative = false, .loss = 0.01}, 1.0);
    const auto strategy = make_strategy("bayesian", {.space = space,
                                                     .goal = goal,
                                                     .baseline = 1.0,
                                                     .seed = 3,
                                                     .settings = parse_yaml("fallback: true", "test.yaml")});
    const Conversation talk = simulate(*strategy, costs, {.max_trials = 40});
    const bool is_found = std::any_of(talk.candidates.begin(), talk.candidates.end(), [](const Candidate& c) {
        return c.choice == std::vector<std::uint16_t>{0, 1, 0, 1, 0, 0};
    });
    EXPECT_TRUE(is_found);
}

TEST(Bayesian, BothAcquisitionsAndFailuresWork) {
    const SearchSpace space = uniform_space(4, {kMinmax, kKl, kTensorMinmax});
    const auto unlucky = [](const Candidate& c) -> Outcome {
        if (c.choice[0] == 1) return TrialFailure{"unlucky"};
        if (c.choice[1] == 1) return score(std::nan(""));
        return score(0.5 + 0.1 * c.choice[2]);
    };
    for (const char* settings : {"acquisition: ei", "{acquisition: ucb, kappa: 1.0}"}) {
        const auto strategy = make_strategy(
            "bayesian",
            {.space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .settings = parse_yaml(settings, "test.yaml")});
        EXPECT_EQ(simulate(*strategy, unlucky).candidates.size(), 81U) << settings;
    }
}

}  // namespace
}  // namespace halftone
