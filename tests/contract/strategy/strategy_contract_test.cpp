// What every strategy promises (trial/strategy.hpp), checked for each registered one on spaces of several kinds, with
// accuracies that no strategy could foresee and with failing trials.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

struct NamedSpace {
    std::string name;
    SearchSpace space;
};

const std::vector<NamedSpace>& spaces() {
    static const std::vector<NamedSpace> all{
        {"no_units", toy_space({})},
        {"nothing_quantized", uniform_space(3, {kFp32}, {100, 500})},
        {"one_unit", uniform_space(1, {kMinmax, kFp32})},
        {"no_fallback", uniform_space(3, {kMinmax, kKl})},
        {"two_dtypes", uniform_space(4, {kMinmax, kKl, kBf16, kFp32})},
        {"mixed", toy_space({decision("a", {kMinmax, kKl, kTensorKl, kBf16, kFp32}), decision("b", {kKl, kFp32}),
                             decision("c", {kFp32}), decision("d", {kMinmax}), decision("e", {kTensorMinmax, kBf16})},
                            {100, 500, 1000})},
        {"sixty_units", uniform_space(60, {kMinmax, kKl, kTensorMinmax, kTensorKl, kFp32}, {100, 500})},
    };
    return all;
}

class StrategyContract : public ::testing::TestWithParam<std::tuple<std::string, std::size_t>> {
protected:
    /// Trials, for spaces that are larger. A strategy that models all of them cannot be asked for as many here.
    [[nodiscard]] static std::size_t budget() { return std::get<0>(GetParam()) == "bayesian" ? 100 : 2000; }
    [[nodiscard]] const SearchSpace& space() const { return spaces()[std::get<1>(GetParam())].space; }
    [[nodiscard]] std::unique_ptr<Strategy> make(bool higher_is_better = true,
                                                 ModelWise mode = ModelWise::uniform) const {
        return make_strategy(std::get<0>(GetParam()), {.space = space(),
                                                       .goal = Goal({.higher_is_better = higher_is_better}, 0.9),
                                                       .baseline = 0.9,
                                                       .seed = 9527,
                                                       .model_wise = mode});
    }
    /// Accuracies in [0, 1) by effective plan; one plan in eight fails, one in eight repeats another one's accuracy.
    static Outcome evaluate(const Candidate& candidate) {
        const std::uint64_t dice = mix(candidate.hash, 17);
        if (dice % 8 == 0) return TrialFailure{"unlucky"};
        if (dice % 8 == 1) return score(0.5);
        return score(Rng(dice).uniform());
    }
};

TEST_P(StrategyContract, EndsInsideTheSpaceOrTheBudget) {
    const Conversation talk = simulate(*make(), evaluate, {.max_trials = budget()});
    EXPECT_GE(talk.candidates.size(), 1U);
    EXPECT_LE(static_cast<long double>(talk.candidates.size()), space().size());
    EXPECT_TRUE(talk.is_done || talk.candidates.size() == budget());
}

TEST_P(StrategyContract, OnceDoneItStaysDone) {
    const auto strategy = make();
    if (!simulate(*strategy, evaluate, {.max_trials = budget()}).is_done) return;
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::done);
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::done);
}

TEST_P(StrategyContract, AsksOnlyForCandidatesOfTheSpace) {
    const Conversation talk = simulate(*make(), evaluate, {.max_trials = budget()});
    for (const Candidate& candidate : talk.candidates) {
        EXPECT_EQ(candidate, space().make(candidate.calibration, candidate.choice)) << "or make() throws";
    }
    for (const std::string& stage : talk.stages) EXPECT_FALSE(stage.empty());
}

TEST_P(StrategyContract, NeverAsksForTheSameEffectTwice) {
    const Conversation talk = simulate(*make(), evaluate, {.max_trials = budget()});
    std::set<std::uint64_t> hashes;
    for (const Candidate& candidate : talk.candidates) EXPECT_TRUE(hashes.insert(candidate.hash).second);
}

TEST_P(StrategyContract, AsksForTheSameSequenceWithAnyNumberOfWorkers) {
    const Conversation serial = simulate(*make(), evaluate, {.max_trials = budget()});
    for (const std::size_t workers : {2, 4, 8}) {
        for (const std::uint64_t seed : {1, 2, 3}) {
            const Conversation parallel =
                simulate(*make(), evaluate, {.count = workers, .seed = seed, .max_trials = budget()});
            EXPECT_EQ(parallel.candidates, serial.candidates) << workers << " workers, seed " << seed;
            EXPECT_EQ(parallel.stages, serial.stages);
            EXPECT_EQ(parallel.is_done, serial.is_done);
        }
    }
}

TEST_P(StrategyContract, ReplaysFromRecordedOutcomes) {
    const Conversation first = simulate(*make(), evaluate, {.count = 3, .seed = 5, .max_trials = budget()});
    // A resumed run: outcomes up to a trial come from the journal at once, the rest is evaluated.
    for (const std::size_t recorded : {std::size_t{1}, first.outcomes.size() / 2, first.outcomes.size()}) {
        std::size_t trial = 0;
        const auto replay = [&](const Candidate& candidate) {
            const std::size_t t = trial++;
            return t < recorded ? first.outcomes[t] : evaluate(candidate);
        };
        EXPECT_EQ(simulate(*make(), replay, {.max_trials = budget()}).candidates, first.candidates);
    }
}

TEST_P(StrategyContract, FollowsTheGoalsDirection) {
    const auto negated = [](const Candidate& candidate) -> Outcome {
        Outcome outcome = evaluate(candidate);
        if (auto* told = std::get_if<Score>(&outcome)) told->accuracy = -told->accuracy;
        return outcome;
    };
    // The baseline of both goals is 0.9, so only strategies that ask no more than "better?" can be compared like this.
    if (std::get<0>(GetParam()) != "basic") GTEST_SKIP() << "has its own direction test";
    EXPECT_EQ(simulate(*make(false), negated, {.max_trials = budget()}).candidates,
              simulate(*make(true), evaluate, {.max_trials = budget()}).candidates);
}

TEST_P(StrategyContract, SurvivesWhenEveryTrialFails) {
    const auto fail = [](const Candidate&) -> Outcome { return TrialFailure{"all"}; };
    const Conversation talk = simulate(*make(), fail, {.count = 4, .max_trials = budget()});
    EXPECT_TRUE(talk.is_done || talk.candidates.size() == budget());
}

INSTANTIATE_TEST_SUITE_P(Registered, StrategyContract,
                         ::testing::Combine(::testing::ValuesIn(strategy_names()),
                                            ::testing::Range(std::size_t{0}, spaces().size())),
                         [](const auto& instance) {
                             return std::get<0>(instance.param) + "_" + spaces()[std::get<1>(instance.param)].name;
                         });

}  // namespace
}  // namespace halftone
