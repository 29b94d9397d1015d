// The strategy random: every candidate once, in an order that only the seed decides.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

Conversation draw_candidates(const SearchSpace& space, std::uint64_t seed = 1, std::size_t budget = 1'000'000) {
    const auto made = make_strategy("random", {.space = space, .goal = Goal({}, 0.9), .baseline = 0.9, .seed = seed});
    return simulate(*made, [](const Candidate&) { return score(0.5); }, {.max_trials = budget});
}

TEST(Random, FindsEveryCandidateOnce) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32}, {100, 500});
    const Conversation drawn = draw_candidates(space);
    EXPECT_EQ(hashes_of(drawn).size(), drawn.candidates.size());
    std::set<std::uint64_t> all;
    for (std::uint64_t i = 0; static_cast<long double>(i) < space.size(); ++i) all.insert(space.at(i).hash);
    EXPECT_EQ(hashes_of(drawn), all);
}

TEST(Random, IsAFunctionOfItsSeed) {
    const SearchSpace space = uniform_space(60, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    const auto first = draw_candidates(space, 1, 50).candidates;
    EXPECT_EQ(draw_candidates(space, 1, 50).candidates, first);
    EXPECT_NE(draw_candidates(space, 2, 50).candidates, first);
}

TEST(Random, DrawsEveryOptionAboutEquallyOften) {
    const SearchSpace space = uniform_space(60, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32});
    std::vector<int> counts(5, 0);
    for (const Candidate& candidate : draw_candidates(space, 7, 200).candidates) {
        for (const std::uint16_t option : candidate.choice) ++counts[option];
    }
    // 12,000 draws: 2,400 of each, standard deviation 44.
    for (const int count : counts) EXPECT_NEAR(count, 2400, 220);
}

}  // namespace
}  // namespace halftone
