#include "strategy/fallback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/toy_scores.hpp"
#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::ElementsAre;

Goal goal(bool higher_is_better = true) { return {{.higher_is_better = higher_is_better}, 1.0}; }

void tell(History& history, const Candidate& candidate, const Outcome& outcome) {
    history.add_told(history.add_asked(candidate), outcome);
}

TEST(FallbackMoves, StartAtTheLastUnitAndLeaveOutWhatIsThere) {
    const SearchSpace space = toy_space({decision("a", {kMinmax, kFp32}), decision("bf16_too", {kMinmax, kBf16, kFp32}),
                                         decision("no_fp32", {kMinmax, kKl}), decision("c", {kMinmax, kFp32})});
    const Candidate base = space.make(0, {0, 0, 0, 1});
    EXPECT_THAT(fallback_moves(space, base, DType::f32), ElementsAre(FallbackMove{1, 2}, FallbackMove{0, 1}));
    EXPECT_THAT(fallback_moves(space, base, DType::bf16), ElementsAre(FallbackMove{1, 1}));
}

TEST(FallbackDTypes, AreThoseThatAQuantizedUnitOffers) {
    EXPECT_THAT(fallback_dtypes(uniform_space(2, {kMinmax, kFp32})), ElementsAre(DType::f32));
    EXPECT_THAT(fallback_dtypes(uniform_space(2, {kMinmax, kBf16, kFp32})), ElementsAre(DType::bf16, DType::f32));
    EXPECT_THAT(fallback_dtypes(uniform_space(2, {kMinmax})), ElementsAre());
    EXPECT_THAT(fallback_dtypes(uniform_space(2, {kBf16, kFp32})), ElementsAre())
        << "there is nothing to fall back from";
}

TEST(RankMoves, PutsTheBestFirstTiesInOrderAndFailuresLast) {
    const SearchSpace space = uniform_space(4, {kMinmax, kFp32});
    const Candidate base = space.at(0);
    const std::vector<FallbackMove> moves = fallback_moves(space, base, DType::f32);  // units 3 2 1 0
    History history;
    tell(history, apply(space, base, moves[0]), TrialFailure{"no"});
    tell(history, apply(space, base, moves[1]), score(0.7));
    tell(history, apply(space, base, moves[2]), score(0.9));
    tell(history, apply(space, base, moves[3]), score(0.7));
    EXPECT_THAT(rank_moves(space, goal(), history, base, moves), ElementsAre(moves[2], moves[1], moves[3], moves[0]));
    EXPECT_THAT(rank_moves(space, goal(false), history, base, moves),
                ElementsAre(moves[1], moves[3], moves[2], moves[0]))
        << "where lower is better";
}

TEST(AccumulateMoves, AddsOneAtATime) {
    const SearchSpace space = uniform_space(3, {kMinmax, kFp32});
    const auto candidates = accumulate_moves(space, space.at(0), {{1, 1}, {0, 1}, {2, 1}});
    ASSERT_EQ(candidates.size(), 3U);
    EXPECT_EQ(choice_text(candidates[0]), "0 1 0");
    EXPECT_EQ(choice_text(candidates[1]), "1 1 0");
    EXPECT_EQ(choice_text(candidates[2]), "1 1 1");
}

TEST(IncrementalWalk, KeepsOnlyWhatIsStrictlyBetter) {
    const SearchSpace space = uniform_space(3, {kMinmax, kFp32});
    History history;
    tell(history, space.at(0), score(0.5));
    IncrementalWalk walk(space, goal(), judge(space.at(0), history), {{0, 1}, {1, 1}, {2, 1}});
    EXPECT_EQ(choice_text(walk.advance(history).value()), "1 0 0");
    tell(history, space.make(0, {1, 0, 0}), score(0.5));
    EXPECT_EQ(choice_text(walk.advance(history).value()), "0 1 0") << "equal is not better: undone";
    tell(history, space.make(0, {0, 1, 0}), score(0.6));
    EXPECT_EQ(choice_text(walk.advance(history).value()), "0 1 1") << "kept";
    tell(history, space.make(0, {0, 1, 1}), TrialFailure{"no"});
    EXPECT_EQ(walk.advance(history), std::nullopt);
    EXPECT_EQ(walk.best().candidate, space.make(0, {0, 1, 0}));
    EXPECT_EQ(walk.best().accuracy, 0.6);
}

TEST(IncrementalWalk, JudgesKnownStepsAtOnce) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    History history;
    tell(history, space.make(0, {0, 0}), score(0.5));
    tell(history, space.make(0, {0, 1}), score(0.6));
    tell(history, space.make(0, {1, 1}), score(0.7));
    IncrementalWalk walk(space, goal(), judge(space.at(0), history), {{1, 1}, {0, 1}});
    EXPECT_EQ(walk.advance(history), std::nullopt);
    EXPECT_EQ(walk.best().accuracy, 0.7);
}

TEST(IncrementalWalk, AnythingIsBetterThanAFailedStart) {
    const SearchSpace space = uniform_space(1, {kMinmax, kFp32});
    History history;
    tell(history, space.at(0), TrialFailure{"no"});
    tell(history, space.at(1), score(-5.0));
    ASSERT_TRUE(std::isnan(judge(space.at(0), history).accuracy));
    IncrementalWalk walk(space, goal(), judge(space.at(0), history), {{0, 1}});
    EXPECT_EQ(walk.advance(history), std::nullopt);
    EXPECT_EQ(walk.best().accuracy, -5.0);
}

}  // namespace
}  // namespace halftone
