// exhaustive and random: every candidate once, in an order that no outcome changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

Outcome even(const Candidate&) { return score(0.5); }

Conversation talk(const std::string& strategy, const SearchSpace& space, std::uint64_t seed = 1,
                  std::size_t budget = 1'000'000) {
    const auto made = make_strategy(strategy, {.space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .seed = seed});
    return simulate(*made, even, {.max_trials = budget});
}

std::set<std::uint64_t> hashes(const Conversation& conversation) {
    std::set<std::uint64_t> all;
    for (const Candidate& candidate : conversation.candidates) all.insert(candidate.hash);
    return all;
}

// Golden check of the project's LPOT reference: LPOT evaluates 6 and skips 56 of a budget of 60.
TEST(Enumeration, ASpaceOfFourIsExhaustedByFourTrials) {
    const SearchSpace four = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    for (const char* strategy : {"exhaustive", "random"}) {
        const Conversation conversation = talk(strategy, four, 1, 60);
        EXPECT_EQ(conversation.candidates.size(), 4U) << strategy;
        EXPECT_TRUE(conversation.is_done) << strategy;
    }
}

TEST(Enumeration, BothFindEveryCandidateOnce) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32}, {100, 500});
    const Conversation listed = talk("exhaustive", space);
    EXPECT_LE(listed.candidates.size(), 54U) << "3^3 options, 2 sizes; with nothing quantized the size has no effect";
    EXPECT_EQ(hashes(listed).size(), listed.candidates.size());
    EXPECT_EQ(hashes(talk("random", space)), hashes(listed));
}

TEST(Enumeration, ExhaustiveGoesByTheSpacesOrder) {
    const SearchSpace space = uniform_space(2, {kMinmax, kKl});
    const Conversation conversation = talk("exhaustive", space);
    ASSERT_EQ(conversation.candidates.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(conversation.candidates[i], space.at(i));
}

TEST(Enumeration, RandomIsAFunctionOfItsSeed) {
    const SearchSpace space = uniform_space(60, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    const auto first = talk("random", space, 1, 50).candidates;
    EXPECT_EQ(talk("random", space, 1, 50).candidates, first);
    EXPECT_NE(talk("random", space, 2, 50).candidates, first);
}

TEST(Enumeration, RandomDrawsEveryOptionAboutEquallyOften) {
    const SearchSpace space = uniform_space(60, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    std::vector<int> counts(5, 0);
    for (const Candidate& candidate : talk("random", space, 7, 200).candidates) {
        for (const std::uint16_t option : candidate.choice) ++counts[option];
    }
    // 12,000 draws: 2,400 of each, standard deviation 44.
    for (const int count : counts) EXPECT_NEAR(count, 2400, 220);
}

TEST(Enumeration, NeitherHasSettings) {
    const SearchSpace space = uniform_space(1, {kMinmax, kFp32});
    for (const char* strategy : {"exhaustive", "random"}) {
        const StrategyContext context{
            .space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .settings = parse_yaml("sizes: 3", "test.yaml")};
        EXPECT_THROW((void)make_strategy(strategy, context), ConfigError) << strategy;
    }
}

}  // namespace
}  // namespace halftone
