// The strategy pareto: the fastest candidate that meets the goal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/toy_probes.hpp"

namespace halftone {
namespace {

using namespace test;

// In fp32 unit 1 is faster than in 8 bits, unit 0 much slower; a conversion costs more than unit 2 gains alone.
TEST(Pareto, FollowsTheLatencyTable) {
    const ProbedToy toy{{0.0, 0.0, 0.0}};
    LatencyTable table{.unit_ms = {{0.1, 1.0}, {0.5, 0.2}, {0.3, 0.35}},
                       .conversions = {{0, 1, 0.01, 0.01}, {1, 2, 0.1, 0.1}},
                       .rest_ms = 0};
    const auto strategy = make_strategy(
        "pareto", {.space = toy.space, .goal = toy.goal, .baseline = 1.0, .latency = [&]() -> const LatencyTable& {
                       return table;
                   }});
    const Conversation talk = toy.talk(*strategy);
    ASSERT_GE(talk.candidates.size(), 2U);
    EXPECT_EQ(choice_text(talk.candidates[0]), "0 0 0") << "the base comes first";
    EXPECT_EQ(choice_text(talk.candidates[1]), "0 1 1") << "0.1 + 0.01 + 0.2 + 0.35; 0 1 0 takes 0.71";
}

TEST(Pareto, RefusesSettingsThatMakeNoSense) {
    EXPECT_THROW((void)ProbedToy{kProbedCosts}.make("pareto", "rounds: 0"), ConfigError);
}

}  // namespace
}  // namespace halftone
