// Scores, bounds and difficulty by hand: the model is exact, and every label is 0.
#include "eval/scorer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/difficulty.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// y = (x0, 2 * x1) on 60 samples in three shards: a sample is right where y0 >= y1.
struct ScorerWorld {
    World world{doubling_graph(), {10}, "[60, 2]"};
    ModelEvaluator evaluator{world.setup(3)};
    Scorer& scorer = evaluator.scorer();

    [[nodiscard]] std::vector<bool> right() const {
        std::vector<bool> right;
        for (const auto& row : rows_of(world.data, 60)) right.push_back(row[0] >= 2 * row[1]);
        return right;
    }
    [[nodiscard]] std::int64_t count_right(std::size_t first, std::size_t last) const {
        const auto all = right();
        return std::count(all.begin() + static_cast<std::ptrdiff_t>(first),
                          all.begin() + static_cast<std::ptrdiff_t>(last), true);
    }
    [[nodiscard]] std::vector<std::string> baseline() {
        return {scorer.run_baseline(0).payload, scorer.run_baseline(1).payload, scorer.run_baseline(2).payload};
    }
};

TEST(Scorer, CountsRightAnswersOfAllShards) {
    ScorerWorld w;
    const Score score = w.evaluator.merge_scores(w.baseline());
    EXPECT_EQ(score.samples, 60);
    EXPECT_EQ(score.correct, w.count_right(0, 60));
    EXPECT_DOUBLE_EQ(score.accuracy, static_cast<double>(w.count_right(0, 60)) / 60);
}

TEST(Scorer, BoundsTakeMissingSamplesAsWrongAndAsRight) {
    ScorerWorld w;
    std::vector<std::string> payloads = w.baseline();
    payloads.pop_back();  // samples 40 to 59
    const auto merge = w.scorer.start_score();
    for (const std::string& payload : payloads) merge->add(payload);
    const auto bounds = merge->bounds();
    ASSERT_TRUE(bounds.has_value());
    EXPECT_DOUBLE_EQ(bounds->low, static_cast<double>(w.count_right(0, 40)) / 60);
    EXPECT_DOUBLE_EQ(bounds->high, static_cast<double>(w.count_right(0, 40) + 20) / 60);
}

TEST(Scorer, WrongSamplesAreTheHardestAndComeFirst) {
    ScorerWorld w;
    const std::string difficulty = w.scorer.merge_difficulty(w.baseline());
    const auto right = w.right();
    ASSERT_EQ(difficulty.size(), right.size());
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_EQ(difficulty[i] == '0', !right[i]) << "sample " << i;
    w.scorer.install_difficulty(difficulty);
    const std::int64_t wrong = 60 - w.count_right(0, 60);
    ASSERT_GT(wrong, 0);
    ASSERT_LT(wrong, 40);
    // Shard 0 has 20 samples now: all wrong ones that fit.
    const Score first = w.evaluator.merge_scores({w.scorer.run_baseline(0).payload});
    EXPECT_EQ(first.correct, std::max<std::int64_t>(0, 20 - wrong));
}

TEST(Scorer, RefusesTheDifficultyOfOtherData) {
    ScorerWorld w;
    EXPECT_THAT(message_of<ConfigError>([&] { w.scorer.install_difficulty("012"); }),
                ::testing::HasSubstr("is of 3 samples, the evaluation set has 60"));
}

TEST(Scorer, AGraphsLogitsAreItsFirstOutput) {
    ScorerWorld w;
    Tensor logits;
    const Score score = w.scorer.score_graph(w.world.model.graph, &logits);
    EXPECT_EQ(score.correct, w.count_right(0, 60));
    const auto rows = rows_of(w.world.data, 60);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(logits.as<float>()[2 * i], rows[i][0]);
        EXPECT_EQ(logits.as<float>()[2 * i + 1], 2 * rows[i][1]);
    }
}

TEST(Scorer, ACandidateInFp32ScoresAsTheBaseline) {
    ScorerWorld w;
    calibrated(w.evaluator);
    const int fp32 = w.world.space.decisions()[0].find_high_precision(DType::f32);
    const Candidate candidate = w.world.space.with(w.world.space.at(0), 0, static_cast<std::uint16_t>(fp32));
    std::vector<std::string> payloads;
    // Of the 60 samples, the shards have 2, 3 and 3 batches of 8. The last batch is half full.
    const std::vector<std::int64_t> samples{16, 24, 20};
    for (std::int64_t s = 0; s < 3; ++s) {
        const ShardResult result = w.scorer.run_candidates(evaluate(candidate), s);
        EXPECT_EQ(result.sample_units, samples[static_cast<std::size_t>(s)]) << "through one unit";
        payloads.push_back(result.payload);
    }
    EXPECT_EQ(w.evaluator.merge_scores(payloads), w.evaluator.merge_scores(w.baseline()));
}

TEST(Scorer, ACandidateThatCannotBeBuiltFailsAlone) {
    const World world(unbuildable_graph(), {5}, "[60, 2]");
    ModelEvaluator evaluator(world.setup(3));
    evaluator.install_calibration(unbuildable_ranges());
    const ShardResult result = evaluator.scorer().run_candidates(evaluate(world.space.at(0)), 0);
    EXPECT_THAT(result.failure, ::testing::HasSubstr("unit 'g2'"));
    EXPECT_EQ(result.payload, "");
    EXPECT_EQ(result.sample_units, 0);
}

TEST(Scorer, NamesTheSamplesWhoseOutputsAreNoNumbers) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    // The root of a negative number is NaN: about three of four samples of noise have one.
    const World world(
        infer_types(g.build({g.gemm("g", g.node("Sqrt", "root", {x}), test::floats({2, 2}, {1, 0, 0, 1}))}),
                    reference_ops()),
        {10}, "[60, 2]");
    ModelEvaluator evaluator(world.setup(3));
    std::vector<std::int64_t> odd;
    const auto rows = rows_of(world.data, 60);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i][0] < 0 || rows[i][1] < 0) odd.push_back(static_cast<std::int64_t>(i));
    }
    Scorer& scorer = evaluator.scorer();
    std::vector<std::string> payloads;
    for (std::int64_t s = 0; s < 3; ++s) payloads.push_back(scorer.run_baseline(s).payload);
    const NonfiniteOutputs found = evaluator.merge_scores(payloads).nonfinite;
    EXPECT_EQ(found.samples, static_cast<std::int64_t>(odd.size()));
    EXPECT_EQ(found.first, std::vector<std::int64_t>(odd.begin(), odd.begin() + 5));
    EXPECT_EQ(scorer.score_graph(world.model.graph, nullptr).nonfinite, found) << "eval says the same";

    // In another order of samples the numbers are still those of the data set.
    std::string last_first(60, 'z');
    last_first[static_cast<std::size_t>(odd.back())] = '0';
    scorer.install_difficulty(last_first);
    EXPECT_EQ(evaluator.merge_scores({scorer.run_baseline(0).payload}).nonfinite.first.front(), odd.back());
}

TEST(Scorer, DamagedScoresAreNoBugOfOurs) {
    ScorerWorld w;
    std::string payload = w.scorer.run_baseline(0).payload;
    payload.pop_back();
    EXPECT_THROW((void)w.evaluator.merge_scores({payload}), MpiError);
    EXPECT_THROW((void)w.evaluator.merge_scores({""}), MpiError);
}

}  // namespace
}  // namespace halftone
