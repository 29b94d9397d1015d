// mse, sensitivity, pareto: strategies that ask for probes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

/// Units that lose accuracy in 8 bits and, in proportion, add error to the output.
struct Toy {
    std::vector<double> costs;
    SearchSpace space = uniform_space(costs.size(), {kMinmax, kFp32});
    Goal goal{{.is_relative = false, .loss = 0.01}, 1.0};

    [[nodiscard]] std::unique_ptr<Strategy> make(const std::string& name, const std::string& settings = "") const {
        return make_strategy(
            name, {.space = space, .goal = goal, .baseline = 1.0, .settings = parse_yaml(settings, "test.yaml")});
    }
    [[nodiscard]] double accuracy(const Candidate& candidate) const {
        double accuracy = 1;
        for (std::size_t u = 0; u < costs.size(); ++u) accuracy -= candidate.choice[u] == 0 ? costs[u] : 0;
        return accuracy;
    }
    [[nodiscard]] ProbeResult probe(const ProbeRequest& request) const {
        ProbeResult result{.values = {}, .samples = 10, .failure = {}};
        for (const double cost : costs) {
            result.values.push_back({.error = 100 * cost * cost, .reference = 100, .count = 10});
        }
        if (request.kind == ProbeKind::unit_errors) return result;
        double error = 0;
        for (std::size_t u = 0; u < costs.size(); ++u) {
            error += request.candidate.choice[u] == 0 ? result.values[u].error : 0;
        }
        result.values = {{.error = error, .reference = 100, .count = 10}};
        return result;
    }
    /// Tells and asks until the strategy ends, or at the first that passes if it does not go on behind it.
    [[nodiscard]] Conversation talk(Strategy& strategy) const {
        bool is_over = false;
        Conversation all = simulate(
            strategy, [&](const Candidate& c) { return score(accuracy(c)); }, {},
            [&](const ProbeRequest& r) { return probe(r); });
        for (std::size_t t = 0; t < all.candidates.size() && !is_over; ++t) {
            is_over = !strategy.refines() && goal.is_met(all.outcomes[t]);
            if (is_over) all.candidates.resize(t + 1);
        }
        return all;
    }
    /// Units in fp32.
    [[nodiscard]] static std::vector<std::size_t> fallen(const Candidate& candidate) {
        std::vector<std::size_t> units;
        for (std::size_t u = 0; u < candidate.choice.size(); ++u) {
            if (candidate.choice[u] != 0) units.push_back(u);
        }
        return units;
    }
};

const std::vector<double> kCosts{0.001, 0.03, 0.002, 0.02, 0.004, 0.0005};

TEST(Mse, RanksByErrorAndAccumulates) {
    const Toy toy{kCosts};
    const auto strategy = toy.make("mse");
    const Conversation talk = toy.talk(*strategy);
    ASSERT_EQ(talk.probes.size(), 1U);
    EXPECT_EQ(talk.probes[0].kind, ProbeKind::unit_errors);
    ASSERT_EQ(talk.candidates.size(), 3U);
    EXPECT_THAT(Toy::fallen(talk.candidates[1]), ElementsAre(1));
    EXPECT_THAT(Toy::fallen(talk.candidates[2]), ElementsAre(1, 3)) << "0.0075 is lost: the goal is met";
}

// Unit 0 is clipped to half its range: LPOT's own-range scaling makes that nothing, so unit 1 comes first.
TEST(Mse, LposFormulaDoesNotSeeClippingAndOursDoes) {
    const Toy toy{{0.02, 0.02}};
    const auto clipped = [](const ProbeRequest&) {
        ErrorSums half;
        ErrorSums noisy;
        for (int i = 0; i <= 10; ++i) {
            half.add(static_cast<float>(i), static_cast<float>(i) * 0.5F);
            noisy.add(static_cast<float>(i), static_cast<float>(i) + (i % 2 == 0 ? 0.0F : 0.5F));
        }
        return ProbeResult{.values = {half, noisy}, .samples = 11, .failure = {}};
    };
    const auto evaluate = [&](const Candidate& c) { return score(toy.accuracy(c)); };
    const auto ours = simulate(*toy.make("mse"), evaluate, {}, clipped);
    const auto theirs = simulate(*toy.make("mse", "error: lpot"), evaluate, {}, clipped);
    EXPECT_THAT(Toy::fallen(ours.candidates[1]), ElementsAre(0));
    EXPECT_THAT(Toy::fallen(theirs.candidates[1]), ElementsAre(1));
}

TEST(Mse, OnlyTheChainAsksForVerdicts) {
    const Toy toy{kCosts};
    const auto strategy = toy.make("mse");
    EXPECT_FALSE(strategy->ask().verdict_only);
    strategy->tell(TrialId{0}, score(0.5));
    const Ask probe = strategy->ask();
    ASSERT_EQ(probe.kind, Ask::Kind::probe);
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::wait);
    strategy->tell_probe(0, toy.probe(probe.probe));
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(strategy->ask().verdict_only) << "the whole chain at once";
}

TEST(Mse, AFailedProbeLeavesTheOrder) {
    const Toy toy{kCosts};
    const auto failed = [](const ProbeRequest&) { return ProbeResult{.values = {}, .samples = 0, .failure = "no"}; };
    const auto talk = simulate(
        *toy.make("mse"), [&](const Candidate& c) { return score(toy.accuracy(c)); }, {}, failed);
    EXPECT_THAT(Toy::fallen(talk.candidates[1]), ElementsAre(5));
    EXPECT_TRUE(talk.is_done);
}

TEST(Sensitivity, EndsWithAsFewFallbacksAsTheGoalNeeds) {
    for (const char* settings : {"", "search: greedy"}) {
        const Toy toy{kCosts};
        const auto strategy = toy.make("sensitivity", settings);
        const Conversation talk = toy.talk(*strategy);
        EXPECT_TRUE(talk.is_done);
        std::size_t fewest = kCosts.size() + 1;
        for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
            if (toy.goal.is_met(talk.outcomes[t])) fewest = std::min(fewest, Toy::fallen(talk.candidates[t]).size());
        }
        EXPECT_EQ(fewest, 2U) << settings;
        EXPECT_EQ(talk.probes.size(), 7U) << "the base, then each unit alone";
        EXPECT_LE(talk.candidates.size(), 6U);
    }
}

// Units 0 and 1 only help together with what comes later in the ranking: the probes mislead, and the pass that takes
// fallbacks back mends it.
TEST(Sensitivity, TakesBackWhatIsNotNeeded) {
    Toy toy{{0.001, 0.03, 0.002, 0.02}};
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
        if (toy.goal.is_met(talk.outcomes[t])) last = Toy::fallen(talk.candidates[t]);
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
    const Toy toy{{0.001, 0.001}};
    const auto strategy = toy.make("sensitivity");
    EXPECT_EQ(toy.talk(*strategy).candidates.size(), 1U);
}

TEST(Pareto, FindsTheFastestThatMeetsTheGoal) {
    const Toy toy{kCosts};
    const auto strategy = toy.make("pareto");
    const Conversation talk = toy.talk(*strategy);
    EXPECT_TRUE(talk.is_done);
    std::size_t fewest = kCosts.size() + 1;
    for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
        if (toy.goal.is_met(talk.outcomes[t])) fewest = std::min(fewest, Toy::fallen(talk.candidates[t]).size());
    }
    EXPECT_EQ(fewest, 2U);
}

// In fp32 unit 1 is faster than in 8 bits, unit 0 much slower; a conversion costs more than unit 2 gains alone.
TEST(Pareto, FollowsTheLatencyTable) {
    const Toy toy{{0.0, 0.0, 0.0}};
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

TEST(ProbingStrategies, RefuseSettingsThatMakeNoSense) {
    const Toy toy{kCosts};
    EXPECT_THROW((void)toy.make("mse", "error: mean"), ConfigError);
    EXPECT_THROW((void)toy.make("sensitivity", "search: random"), ConfigError);
    EXPECT_THROW((void)toy.make("pareto", "rounds: 0"), ConfigError);
}

}  // namespace
}  // namespace halftone
