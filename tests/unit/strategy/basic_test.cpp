// The strategy basic on toys whose sequences were worked out by hand from src/strategy/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy/strategies.hpp"
#include "support/strategy_simulator.hpp"
#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

Conversation run_basic(const SearchSpace& space, const Evaluate& evaluate, bool higher_is_better = true) {
    const StrategyContext context{
        .space = space, .goal = Goal({.higher_is_better = higher_is_better}, 1.0), .baseline = 1.0};
    Conversation talk = simulate(*make_strategy("basic", context), evaluate);
    EXPECT_TRUE(talk.is_done);
    return talk;
}

/// "stage: choices, choices; stage: …"
std::string text_of(const Conversation& talk) {
    std::string text;
    for (std::size_t t = 0; t < talk.candidates.size(); ++t) {
        const bool is_new_stage = t == 0 || talk.stages[t] != talk.stages[t - 1];
        if (is_new_stage) text += (t == 0 ? "" : "; ") + talk.stages[t] + ": ";
        text += (is_new_stage ? "" : ", ") + choice_text(talk.candidates[t]);
    }
    return text;
}

const std::vector<UnitConfig> kTwoAndFp32{kMinmax, kKl, kFp32};

// Model-wise: option 0 costs 0.08, option 1 costs 0.07, so 1 1 1 is the best. Alone, unit 1 gives back 0.03; units 2
// and 0 give 0.02 each, and 2 is visited first. So the ranking is 1 2 0; each step is better than the one before, and
// the cumulative stage would only repeat the incremental one.
TEST(Basic, FallsBackInTheOrderOfWhatEachUnitGivesAlone) {
    const SearchSpace space = uniform_space(3, kTwoAndFp32);
    const AdditiveCosts costs{{{0.01, 0.02, 0}, {0.05, 0.03, 0}, {0.02, 0.02, 0}}};
    EXPECT_EQ(text_of(run_basic(space, costs)),
              "model_wise: 0 0 0, 1 1 1; "
              "fallback_one: 1 1 2, 1 2 1, 2 1 1; "
              "fallback_incremental: 1 2 2, 2 2 2");
}

// As above, but units 1 and 2 together in fp32 lose 0.1 (so the step to unit 2 is undone), and all three together
// nothing: incremental 1; 1+2 undone; 1+0. Cumulative 1; 1+2; 1+2+0.
TEST(Basic, UndoesWhatDoesNotHelpAndThenAccumulatesWithoutUndoing) {
    const SearchSpace space = uniform_space(3, kTwoAndFp32);
    const AdditiveCosts costs{{{0.01, 0.02, 0}, {0.05, 0.03, 0}, {0.02, 0.02, 0}}};
    const auto with_trap = [&](const Candidate& candidate) {
        const bool is_trap = candidate.choice == std::vector<std::uint16_t>{1, 2, 2};
        return score(costs.accuracy(candidate) - (is_trap ? 0.1 : 0));
    };
    EXPECT_EQ(text_of(run_basic(space, with_trap)),
              "model_wise: 0 0 0, 1 1 1; "
              "fallback_one: 1 1 2, 1 2 1, 2 1 1; "
              "fallback_incremental: 1 2 2, 2 2 1; "
              "fallback_cumulative: 2 2 2");
}

TEST(Basic, TheFirstOfEquallyGoodModelWiseCandidatesIsTheBase) {
    const SearchSpace space = uniform_space(1, kTwoAndFp32);
    EXPECT_EQ(text_of(run_basic(space, AdditiveCosts{{{0.1, 0.1, 0}}})), "model_wise: 0, 1; fallback_one: 2");
}

TEST(Basic, IsTheSameWhereLowerIsBetter) {
    const SearchSpace space = uniform_space(3, kTwoAndFp32);
    const AdditiveCosts costs{{{0.01, 0.02, 0}, {0.05, 0.03, 0}, {0.02, 0.02, 0}}};
    const auto error = [&](const Candidate& candidate) { return score(-costs.accuracy(candidate)); };
    EXPECT_EQ(text_of(run_basic(space, error, false)), text_of(run_basic(space, costs)));
}

TEST(Basic, NegativeAccuraciesAreAccuraciesToo) {
    const SearchSpace space = uniform_space(3, kTwoAndFp32);
    const AdditiveCosts costs{{{0.01, 0.02, 0}, {0.05, 0.03, 0}, {0.02, 0.02, 0}}};
    const auto shifted = [&](const Candidate& candidate) { return score(costs.accuracy(candidate) - 10); };
    EXPECT_EQ(text_of(run_basic(space, shifted)), text_of(run_basic(space, costs)));
}

// bf16 costs 0.04 and 0.01, fp32 nothing, int8 0.10 and 0.02. The bf16 walk ends at 1 1 (0.95). Alone in fp32 the units
// give 0.98 and 0.90; the fp32 walk goes on from 1 1 with 0.95 and keeps 2 1 (0.99) and 2 2 (1.0).
TEST(Basic, TriesBf16BeforeFp32AndGoesOnFromItsBest) {
    const SearchSpace space = uniform_space(2, {kMinmax, kBf16, kFp32});
    EXPECT_EQ(text_of(run_basic(space, AdditiveCosts{{{0.10, 0.04, 0}, {0.02, 0.01, 0}}})),
              "model_wise: 0 0; "
              "fallback_one: 0 1, 1 0; fallback_incremental: 1 1; "
              "fallback_one: 0 2, 2 0; fallback_incremental: 2 1, 2 2");
}

TEST(Basic, UnitsThatDoNotOfferADTypeCostNothing) {
    const SearchSpace space = toy_space({decision("a", {kMinmax, kBf16, kFp32}), decision("b", {kMinmax, kFp32}),
                                         decision("int8_only", {kMinmax}), decision("fp32_only", {kFp32})});
    EXPECT_EQ(text_of(run_basic(space, AdditiveCosts{{{0.1, 0.05, 0}, {0.2, 0}, {0.1}, {0}}})),
              "model_wise: 0 0 0 0; "
              "fallback_one: 1 0 0 0, 0 1 0 0, 2 0 0 0; "
              "fallback_incremental: 1 1 0 0, 2 1 0 0");
}

TEST(Basic, WithoutAnythingToQuantizeThereIsOneTrial) {
    EXPECT_EQ(text_of(run_basic(uniform_space(2, {kFp32}, {100, 500}), AdditiveCosts{{{0}, {0}}})), "model_wise: 0 0");
    EXPECT_EQ(text_of(run_basic(uniform_space(2, {kBf16, kFp32}), AdditiveCosts{{{0, 0}, {0, 0}}})), "model_wise: 0 0");
}

TEST(Basic, AFailureIsNeverTheBest) {
    const SearchSpace space = uniform_space(2, kTwoAndFp32);
    const auto kl_fails = [](const Candidate& candidate) -> Outcome {
        for (const std::uint16_t option : candidate.choice) {
            if (option == 1) return TrialFailure{"kl"};
        }
        return AdditiveCosts{{{0.5, 0, 0}, {0.4, 0, 0}}}(candidate);
    };
    EXPECT_EQ(text_of(run_basic(space, kl_fails)),
              "model_wise: 0 0, 1 1; fallback_one: 0 2, 2 0; fallback_incremental: 2 2");
}

TEST(Basic, WhenEveryModelWiseCandidateFailsFallingBackMayMendIt) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    const auto unit_1_fails = [](const Candidate& candidate) -> Outcome {
        if (candidate.choice[1] == 0) return TrialFailure{"unit 1"};
        return score(0.9);
    };
    const Conversation talk = run_basic(space, unit_1_fails);
    EXPECT_EQ(text_of(talk), "model_wise: 0 0; fallback_one: 0 1, 1 0; fallback_incremental: 1 1");
}

TEST(Basic, AsksForAllOfAStageBeforeItWaits) {
    const SearchSpace space = uniform_space(3, kTwoAndFp32);
    const auto strategy = make_strategy("basic", {.space = space, .goal = Goal({}, 1.0)});
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::candidate);
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::candidate);
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::wait);
    strategy->tell(make_id<TrialId>(0), score(0.5));
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::wait) << "the other one may be better";
    strategy->tell(make_id<TrialId>(1), score(0.4));
    for (int unit = 0; unit < 3; ++unit) EXPECT_EQ(strategy->ask().stage, "fallback_one");
    EXPECT_EQ(strategy->ask().kind, Ask::Kind::wait);
}

// LPOT's bound C + D * 3N with C combinations and sizes, D fallback dtypes and N units; of the three fallback stages,
// duplicates make it at most 3N - 2 here, since the walks begin with a candidate of the first stage.
TEST(Basic, StaysInsideTheBoundOnTrials) {
    for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
        const SearchSpace space = uniform_space(20, {kMinmax, kKl, kTensorMinmax, kTensorKl, kBf16, kFp32}, {100, 500});
        const auto noise = [&](const Candidate& candidate) { return score(Rng(mix(seed, candidate.hash)).uniform()); };
        const std::size_t trials = run_basic(space, noise).candidates.size();
        EXPECT_LE(trials, 2 * 4 + 2 * (3 * 20 - 2U));
        EXPECT_GE(trials, 2 * 4 + 2 * 20U);
    }
}

}  // namespace
}  // namespace halftone
