// The strategy bayesian: a Gaussian process that learns from outcomes. several_strategies_test.cpp has what it shares.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "support/named_strategy.hpp"
#include "support/toy_optimum.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(Bayesian, RefusesAnAcquisitionThatItDoesNotKnow) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    EXPECT_THROW((void)make_named("bayesian", space, "acquisition: pi"), ConfigError);
}

TEST(Bayesian, LeavesHighPrecisionOutUnlessItIsAskedFor) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32});
    const auto even = [](const Candidate&) { return score(0.5); };
    const auto talk = [&](const std::string& settings) {
        return simulate(*make_named("bayesian", space, settings), even).candidates.size();
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
        EXPECT_EQ(simulate(*make_named("bayesian", space, settings), unlucky).candidates.size(), 81U) << settings;
    }
}

}  // namespace
}  // namespace halftone
