// The strategy exhaustive: every candidate once, in the order of the space.
#include <gtest/gtest.h>

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

TEST(Exhaustive, FindsEveryCandidateOnce) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32}, {100, 500});
    const Conversation listed = enumerate_space(space);
    EXPECT_LE(listed.candidates.size(), 54U) << "3^3 options, 2 sizes; with nothing quantized the size has no effect";
    EXPECT_EQ(hashes_of(listed).size(), listed.candidates.size());
}

TEST(Exhaustive, GoesByTheSpacesOrder) {
    const SearchSpace space = uniform_space(2, {kMinmax, kKl});
    const Conversation conversation = enumerate_space(space);
    ASSERT_EQ(conversation.candidates.size(), 4U);
    for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(conversation.candidates[i], space.at(i));
}

}  // namespace
}  // namespace halftone
