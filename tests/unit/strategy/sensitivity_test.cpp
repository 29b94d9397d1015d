// The strategy sensitivity: as few fallbacks as the goal needs, ranked without labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "support/toy_probes.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

TEST(Sensitivity, EndsWithAsFewFallbacksAsTheGoalNeeds) {
    for (const char* settings : {"", "search: greedy"}) {
        const ProbedToy toy{kProbedCosts};
        const auto strategy = toy.make("sensitivity", settings);
        const Conversation talk = toy.talk(*strategy);
        EXPECT_TRUE(talk.is_done);
        std::size_t fewest = kProbedCosts.size() + 1;
        for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
            if (toy.goal.is_met(talk.outcomes[t]))
                fewest = std::min(fewest, ProbedToy::fallen(talk.candidates[t]).size());
        }
        EXPECT_EQ(fewest, 2U) << settings;
        EXPECT_EQ(talk.probes.size(), 7U) << "the base, then each unit alone";
        EXPECT_LE(talk.candidates.size(), 6U);
    }
}

// Units 0 and 1 only help together with what comes later in the ranking: the probes mislead, and the pass that takes
// fallbacks back mends it.
TEST(Sensitivity, TakesBackWhatIsNotNeeded) {
    ProbedToy toy{{0.001, 0.03, 0.002, 0.02}};
    const auto misleading = [](const ProbeRequest& request) {
        ProbeResult result{.values = {{.error = 10, .reference = 100, .count = 1}}, .samples = 1, .failure = {}};
        const std::vector<double> gains{5, 1, 4, 2};  // ranking 0, 2, 3, 1
        for (std::size_t u = 0; u < 4; ++u) result.values[0].error -= request.candidate.choice[u] != 0 ? gains[u] : 0;
        return result;
    };
    const auto strategy = toy.make("sensitivity");
    const auto talk = simulate(
        *strategy, [&](const Candidate& c) { return score(toy.accuracy(c)); }, {}, misleading);
    std::vector<std::size_t> last;
    for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
        if (toy.goal.is_met(talk.outcomes[t])) last = ProbedToy::fallen(talk.candidates[t]);
    }
    EXPECT_THAT(last, ElementsAre(1, 3));
}

TEST(Sensitivity, PrefersAnotherOptionToAFallback) {
    const SearchSpace space = uniform_space(3, {kMinmax, kKl, kFp32});
    const std::vector<double> minmax{0.001, 0.05, 0.001};  // unit 1 needs kl, the others do not
    const std::vector<double> kl{0.03, 0.002, 0.03};
    const auto lost = [&](const Candidate& c) {
        double sum = 0;
        for (std::size_t u = 0; u < 3; ++u) sum += c.choice[u] == 0 ? minmax[u] : c.choice[u] == 1 ? kl[u] : 0;
        return sum;
    };
    const auto strategy = make_strategy(
        "sensitivity", {.space = space, .goal = Goal({.is_relative = false, .loss = 0.01}, 1.0), .baseline = 1.0});
    const auto talk = simulate(
        *strategy, [&](const Candidate& c) { return score(1 - lost(c)); }, {},
        [&](const ProbeRequest& r) {
            return ProbeResult{
                .values = {{.error = lost(r.candidate), .reference = 1, .count = 1}}, .samples = 1, .failure = {}};
        });
    EXPECT_EQ(choice_text(talk.candidates.back()), "0 1 0");
}

TEST(Sensitivity, ABaseThatMeetsTheGoalIsTheEnd) {
    const ProbedToy toy{{0.001, 0.001}};
    const auto strategy = toy.make("sensitivity");
    EXPECT_EQ(toy.talk(*strategy).candidates.size(), 1U);
}

TEST(Sensitivity, RefusesSettingsThatMakeNoSense) {
    EXPECT_THROW((void)ProbedToy{kProbedCosts}.make("sensitivity", "search: random"), ConfigError);
}

}  // namespace
}  // namespace halftone
