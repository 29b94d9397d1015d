// What makes trials cheaper changes no result: candidates evaluated together, and verdicts from the hardest samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/evaluation_world.hpp"
#include "support/memory_limit.hpp"

namespace halftone {
namespace {

using namespace test;

std::vector<Candidate> neighbours(const SearchSpace& space) {
    const Candidate base = space.at(0);
    std::vector<Candidate> all;
    for (std::size_t d = space.decisions().size(); d-- > 0;) {
        const int fp32 = space.decisions()[d].find_high_precision(DType::f32);
        if (fp32 >= 0) all.push_back(space.with(base, d, static_cast<std::uint16_t>(fp32)));
    }
    return all;
}

Job together(const std::vector<Candidate>& candidates) {
    Job job = evaluate(candidates.front());
    job.followers.assign(candidates.begin() + 1, candidates.end());
    return job;
}

TEST(CandidatesTogether, ScoreAsEachAlone) {
    for (const std::size_t memory : {std::size_t{0}, std::size_t{100'000}, std::size_t{1} << 30U}) {
        const World world;
        EvaluationSetup setup = world.setup(4);
        setup.prefix_bytes = memory;
        ModelEvaluator evaluator(setup);
        calibrated(evaluator);
        const std::vector<Candidate> candidates = neighbours(world.space);
        ASSERT_GE(candidates.size(), 3U);
        std::int64_t alone = 0;
        std::int64_t shared = 0;
        for (std::int64_t shard = 0; shard < 4; ++shard) {
            const ShardResult group = evaluator.run(together(candidates), shard);
            ASSERT_EQ(group.followers.size() + 1, candidates.size());
            for (std::size_t i = 0; i < candidates.size(); ++i) {
                const ShardResult single = evaluator.run(evaluate(candidates[i]), shard);
                const ShardResult& part = i == 0 ? group : group.followers[i - 1];
                EXPECT_EQ(part.payload, single.payload) << "candidate " << i << ", shard " << shard;
                alone += single.sample_units;
                shared += part.sample_units;
            }
        }
        if (memory == 0) {
            EXPECT_EQ(shared, alone);
        } else if (memory > 100'000) {
            EXPECT_LT(shared, alone);
        }
    }
}

TEST(CandidatesTogether, AFailureIsItsCandidatesOwn) {
    const World world(unbuildable_graph(), {5}, "[60, 2]");
    ModelEvaluator evaluator(world.setup(2));
    evaluator.install_calibration(unbuildable_ranges());
    const Candidate bad = world.space.at(0);
    const int fp32 = world.space.decisions()[1].find_high_precision(DType::f32);
    const Candidate good = world.space.with(bad, 1, static_cast<std::uint16_t>(fp32));
    const ShardResult alone = evaluator.run(evaluate(good), 0);
    const ShardResult bad_first = evaluator.run(together({bad, good}), 0);
    EXPECT_THAT(bad_first.failure, ::testing::HasSubstr("unit 'g2'"));
    EXPECT_EQ(bad_first.sample_units, 0);
    EXPECT_EQ(bad_first.followers[0].payload, alone.payload);
    EXPECT_EQ(bad_first.followers[0].sample_units, alone.sample_units) << "nothing to share with a failure";
    const ShardResult bad_last = evaluator.run(together({good, bad}), 0);
    EXPECT_EQ(bad_last.payload, alone.payload);
    EXPECT_THAT(bad_last.followers[0].failure, ::testing::HasSubstr("unit 'g2'"));
}

TEST(CandidatesTogether, TooLittleMemoryIsAFailureAndNotTheEnd) {
    const World world;
    ModelEvaluator evaluator(world.setup(4));
    calibrated(evaluator);
    const std::vector<Candidate> candidates = neighbours(world.space);
    const std::string alone = evaluator.run(evaluate(candidates[1]), 0).payload;
    {
        const MemoryLimit limit(0);
        EXPECT_THAT(evaluator.run(evaluate(candidates[0]), 0).failure, ::testing::HasSubstr("--memory"));
    }
    EXPECT_EQ(evaluator.run(evaluate(candidates[1]), 0).payload, alone) << "the search goes on";
}

/// Bounds after each shard, in order.
std::vector<AccuracyBounds> bounds_of(ModelEvaluator& evaluator, const Job& job) {
    std::vector<AccuracyBounds> all;
    const auto merge = evaluator.start_score();
    for (std::int64_t s = 0; s < evaluator.shards(JobKind::evaluate); ++s) {
        merge->add(evaluator.run(job, s).payload);
        all.push_back(merge->bounds().value());
    }
    return all;
}

std::string difficulty_of(ModelEvaluator& evaluator) {
    return evaluator.merge_difficulty(payloads_of(evaluator, kBaseline));
}

TEST(HardestFirst, ChangesNoScore) {
    const World world;
    ModelEvaluator evaluator(world.setup(7));
    calibrated(evaluator);
    const std::string difficulty = difficulty_of(evaluator);
    ASSERT_EQ(difficulty.size(), 60U);
    std::vector<Score> before;
    for (const Candidate& candidate : neighbours(world.space)) before.push_back(scored(evaluator, evaluate(candidate)));
    evaluator.install_difficulty(difficulty);
    std::size_t i = 0;
    for (const Candidate& candidate : neighbours(world.space)) {
        EXPECT_EQ(scored(evaluator, evaluate(candidate)), before[i++]);
    }
}

TEST(HardestFirst, BoundsHoldTheAccuracyAndCloseInOnIt) {
    const World world;
    ModelEvaluator evaluator(world.setup(7));
    calibrated(evaluator);
    evaluator.install_difficulty(difficulty_of(evaluator));
    for (const Candidate& candidate : neighbours(world.space)) {
        const double accuracy = scored(evaluator, evaluate(candidate)).accuracy;
        AccuracyBounds last{0, 1};
        for (const AccuracyBounds& bounds : bounds_of(evaluator, evaluate(candidate))) {
            EXPECT_GE(bounds.low, last.low);
            EXPECT_LE(bounds.high, last.high);
            EXPECT_LE(bounds.low, accuracy);
            EXPECT_GE(bounds.high, accuracy);
            last = bounds;
        }
        EXPECT_EQ(last, (AccuracyBounds{accuracy, accuracy}));
    }
}

// Any goal, any candidate: what the first shards say about the verdict is what all of them say.
TEST(HardestFirst, AnEarlyVerdictIsTheFullOne) {
    const World world;
    ModelEvaluator evaluator(world.setup(20));
    calibrated(evaluator);
    const double baseline = scored(evaluator, kBaseline).accuracy;
    evaluator.install_difficulty(difficulty_of(evaluator));
    int early = 0;
    for (const Candidate& candidate : neighbours(world.space)) {
        const double accuracy = scored(evaluator, evaluate(candidate)).accuracy;
        const std::vector<AccuracyBounds> bounds = bounds_of(evaluator, evaluate(candidate));
        for (const double loss : {-0.2, -0.05, 0.0, 0.01, 0.1, 0.5}) {
            const Goal goal({.is_relative = false, .loss = loss}, baseline);
            for (std::size_t s = 0; s < bounds.size(); ++s) {
                if (!goal.is_out_of_reach(bounds[s])) continue;
                EXPECT_FALSE(goal.is_met(accuracy));
                early += s + 1 < bounds.size() ? 1 : 0;
                break;
            }
            EXPECT_EQ(goal.is_out_of_reach(bounds.back()), !goal.is_met(accuracy));
        }
    }
    EXPECT_GT(early, 0) << "no trial ended early: the test has tested nothing";
}

TEST(HardestFirst, RefusesADifficultyOfOtherData) {
    const World world;
    ModelEvaluator evaluator(world.setup());
    EXPECT_THROW(evaluator.install_difficulty("012"), ConfigError);
}

}  // namespace
}  // namespace halftone
