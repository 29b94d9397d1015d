// The strategy exhaustive: every candidate once, in the order of the space.
#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

Conversation enumerate_space(const SearchSpace& space, std::uint64_t seed = 1, std::size_t budget = 1'000'000) {
    const auto made =
        make_strategy("exhaustive", {.space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .seed = seed});
    return simulate(*made, [](const Candidate&) { return score(0.5); }, {.max_trials = budget});
}

std::set<std::uint64_t> listed_hashes(const Conversation& conversation) {
    std::set<std::uint64_t> all;
    for (const Candidate& candidate : conversation.candidates) all.insert(candidate.hash);
    return all;
}

// Golden check of the project's LPOT reference: LPOT evaluates 6 and skips 56 of a budget of 60.
TEST(Exhaustive, ASpaceOfFourIsExhaustedByFourTrials) {
    const SearchSpace four = uniform_space(1, {kMinmax, kKl, kTensorMinmax, kTensorKl});
    const Conversation conversation = enumerate_space(four, 1, 60);
    EXPECT_EQ(conversation.candidates.size(), 4U);
    EXPECT_TRUE(conversation.is_done);
}

TEST(Exhaustive, FindsEveryCandidateOnce) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32}, {100, 500});
    const Conversation listed = enumerate_space(space);
    EXPECT_LE(listed.candidates.size(), 54U) << "3^3 options, 2 sizes; with nothing quantized the size has no effect";
    EXPECT_EQ(listed_hashes(listed).size(), listed.candidates.size());
}

TEST(Exhaustive, GoesByTheSpacesOrder) {
    const SearchSpace space = uniform_space(2, {kMinmax, kKl});
    const Conversation conversation = enumerate_space(space);
    ASSERT_EQ(conversation.candidates.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(conversation.candidates[i], space.at(i));
}

TEST(Exhaustive, HasNoSettings) {
    const SearchSpace space = uniform_space(1, {kMinmax, kFp32});
    const StrategyContext context{
        .space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .settings = parse_yaml("sizes: 3", "test.yaml")};
    EXPECT_THROW((void)make_strategy("exhaustive", context), ConfigError);
}

}  // namespace
}  // namespace halftone
