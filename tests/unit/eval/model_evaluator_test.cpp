// On a random network and 60 samples of noise, whose labels are all 0.
#include "eval/model_evaluator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "calib/observer.hpp"
#include "kernel/capabilities.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::HasSubstr;

TEST(ModelEvaluator, AnyNumberOfShardsGivesTheSameScores) {
    const World world;
    std::vector<Score> baselines;
    std::vector<Score> int8_scores;
    for (const std::int64_t shards : {1, 3, 7, 20, 100}) {
        ModelEvaluator evaluator(world.setup(shards));
        EXPECT_LE(evaluator.shards(JobKind::evaluate), kSamples);
        calibrated(evaluator);
        baselines.push_back(scored(evaluator, kBaseline));
        int8_scores.push_back(scored(evaluator, evaluate(world.space.at(0))));
    }
    EXPECT_EQ(baselines.front().samples, kSamples);
    EXPECT_THAT(baselines, ::testing::Each(baselines.front()));
    EXPECT_THAT(int8_scores, ::testing::Each(int8_scores.front()));
}

TEST(ModelEvaluator, AScoreOfShardsIsTheScoreOfTheWholeGraph) {
    const World world;
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const Candidate candidate = world.space.at(1);
    Tensor logits;
    const Score whole = evaluator.scorer().score_graph(evaluator.factory().quantized(candidate).graph, &logits);
    EXPECT_EQ(scored(evaluator, evaluate(candidate)), whole);
    EXPECT_EQ(logits.shape(), (Shape{kSamples, 10}));
    std::int64_t right = 0;  // every label is 0
    for (std::size_t row = 0; row < kSamples; ++row) {
        const auto values = logits.as<float>().subspan(row * 10, 10);
        right += std::max_element(values.begin(), values.end()) == values.begin() ? 1 : 0;
    }
    EXPECT_EQ(whole.correct, right);
}

TEST(ModelEvaluator, LogitsOfASampleDependOnNeitherShardsNorBatch) {
    const World world;
    std::vector<std::vector<float>> all;
    for (const auto& [shards, batch] : {std::pair{1, 60}, std::pair{20, 8}, std::pair{7, 8}}) {
        ModelEvaluator evaluator(world.setup(shards, batch));
        calibrated(evaluator);
        Tensor logits;
        (void)evaluator.scorer().score_graph(evaluator.factory().quantized(world.space.at(0)).graph, &logits);
        all.emplace_back(logits.as<float>().begin(), logits.as<float>().end());
    }
    EXPECT_EQ(all[1], all[2]);  // the batch is the config's; another one may take another fp32 kernel
    EXPECT_THAT(all[0], ::testing::Pointwise(::testing::FloatNear(0.05F), all[1]));
}

// Vector (k) of the techniques' part E, at the fixed batch that a run has.
TEST(ModelEvaluator, CalibrationFromAnyNumberOfShardsGivesTheSameBytes) {
    const World world;
    ModelEvaluator whole(world.setup(1));
    const std::string expected = calibrated(whole);
    for (const std::int64_t shards : {3, 7, 20}) {
        ModelEvaluator evaluator(world.setup(shards));
        EXPECT_EQ(calibrated(evaluator), expected) << shards << " shards";
    }
}

// Sums of small integers are exact in any order, so here no kernel can depend on the batch.
TEST(ModelEvaluator, CalibrationInAnyBatchGivesTheSameBytesWhereArithmeticIsExact) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId a = g.gemm("g1", x, test::floats({2, 2}, {1, 0, 0, 2}));
    const World world(infer_types(g.build({g.gemm("g2", a, test::floats({2, 2}, {2, 0, 0, 1}))}), reference_ops()),
                      {40}, "[60, 2]");
    ModelEvaluator one(world.setup(1, 1));
    const std::string expected = calibrated(one);
    for (const std::int64_t batch : {8, 32, 60}) {  // the last batch is padded: the padding must not be observed
        ModelEvaluator evaluator(world.setup(7, batch));
        EXPECT_EQ(calibrated(evaluator), expected) << "batch " << batch;
    }
}

TEST(ModelEvaluator, PaddingIsNotObservedInAValueWhoseBatchIsNotItsFirstDimension) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId zero = g.constant("zero", test::floats({0.0F}));
    const ValueId two = g.constant("two", test::floats({2.0F}));
    const ValueId minus = g.node("Relu", "r2", {g.node("Sub", "s", {zero, x})});
    const ValueId size = g.node("Add", "size", {g.node("Relu", "r1", {x}), minus});
    const ValueId top = g.node("Sub", "top", {two, size});  // 2 - |x|: the padding's zeros give the largest value
    const ValueId turned = g.node("Transpose", "t", {top}, {{"perm", std::vector<std::int64_t>{1, 0}}});
    const ValueId y = g.gemm("g", turned, test::floats({2, 2}, {1, 0, 0, 2}), {}, {{"transA", std::int64_t{1}}});
    const World world(infer_types(g.build({y}), reference_ops()), {5}, "[60, 2]");
    ModelEvaluator alone(world.setup(1, 5));
    ModelEvaluator padded(world.setup(1, 32));
    EXPECT_EQ(calibrated(padded), calibrated(alone));
}

TEST(ModelEvaluator, EachSamplingSizeHasTheRangesOfItsFirstSamples) {
    const World both(test::RandomNet(1).build(), {40, 10});
    ModelEvaluator evaluator(both.setup(7));
    const std::string merged = calibrated(evaluator);
    ByteReader reader(merged);
    for (const std::int64_t size : {40, 10}) {  // in the config's order
        const World alone(test::RandomNet(1).build(), {size});
        ModelEvaluator single(alone.setup(3));
        const std::string expected = calibrated(single);
        ByteReader expected_reader(expected);
        EXPECT_EQ(reader.get_text(), expected_reader.get_text()) << size << " samples";
    }
    EXPECT_TRUE(reader.ok() && reader.at_end());
    const auto input_scale = [&](std::int64_t calibration) {
        const Candidate candidate = both.space.make(calibration, both.space.at(0).choice);
        return evaluator.factory().quantized(candidate).tensors.back().params.scale;
    };
    EXPECT_NE(input_scale(0), input_scale(1));
}

TEST(ModelEvaluator, InstalledCalibrationIsAllThatAnotherProcessNeeds) {
    const World world;
    ModelEvaluator first(world.setup());
    ModelEvaluator second(world.setup());
    second.install_calibration(calibrated(first));
    EXPECT_EQ(hash_of(second.factory().quantized(world.space.at(0)).graph),
              hash_of(first.factory().quantized(world.space.at(0)).graph));
}

TEST(ModelEvaluator, ACandidateThatCannotBeBuiltIsAFailureOfItsShard) {
    const World world(unbuildable_graph(), {5}, "[60, 2]");
    ModelEvaluator evaluator(world.setup());
    evaluator.install_calibration(unbuildable_ranges());
    const Candidate all_int8 = world.space.at(0);
    const ShardResult result = evaluator.run(evaluate(all_int8), 0);
    EXPECT_THAT(result.failure, HasSubstr("unit 'g2'"));
    EXPECT_EQ(result.payload, "");
    EXPECT_EQ(result.sample_units, 0);
}

TEST(ModelEvaluator, CountsTheWorkOfAShardInSamplesTimesUnits) {
    const World world;
    ModelEvaluator evaluator(world.setup(7));
    const ShardResult result = evaluator.run(kBaseline, 0);  // samples 0 to 7
    EXPECT_EQ(result.sample_units, 8 * static_cast<std::int64_t>(world.model.units.size()));
}

TEST(ModelEvaluator, AModelWithAFixedBatchIsRunAtIt) {
    const auto graph = [](std::int64_t batch) {
        GraphMaker g;
        const ValueId x = g.input("x", {batch, 2});
        return infer_types(g.build({g.gemm("g", x, random_tensor({2, 4}, 1))}), reference_ops());
    };
    const World fixed(graph(4), {5}, "[60, 2]");
    const World free(graph(kSymbolic), {5}, "[60, 2]");
    ModelEvaluator a(fixed.setup(7, 50));
    ModelEvaluator b(free.setup(7, 4));
    EXPECT_EQ(calibrated(a), calibrated(b));
    EXPECT_EQ(scored(a, kBaseline), scored(b, kBaseline));
}

TEST(ModelEvaluator, EvaluatesOnlyAsManySamplesAsAsked) {
    const World world;
    EvaluationSetup setup = world.setup();
    setup.samples = 13;
    ModelEvaluator evaluator(setup);
    EXPECT_EQ(scored(evaluator, kBaseline).samples, 13);
}

TEST(ModelEvaluator, TheSampleCacheChangesNoScore) {
    const World world;
    std::vector<Score> scores;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{20'000}, std::size_t{1} << 30U}) {
        EvaluationSetup setup = world.setup();
        setup.cache_bytes = bytes;
        ModelEvaluator evaluator(setup);
        for (int round = 0; round < 2; ++round) scores.push_back(scored(evaluator, kBaseline));
    }
    EXPECT_THAT(scores, ::testing::Each(scores.front()));
}

template <class Error>
std::string refusal(const World& world, std::int64_t samples = -1) {
    EvaluationSetup setup = world.setup();
    setup.samples = samples;
    try {
        const ModelEvaluator evaluator(setup);
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(ModelEvaluator, RefusesWhatDoesNotFit) {
    EXPECT_THAT(refusal<ConfigError>(World(test::RandomNet(1).build(), {40}, "[60, 9, 9, 3]")),
                HasSubstr("quantization.calibration.dataloader yields samples of input fp32 [9,9,3]"));
    EXPECT_THAT(refusal<ConfigError>(World(test::RandomNet(1).build(), {61})), HasSubstr("asks for 61 samples"));
    EXPECT_THAT(refusal<ConfigError>(World(), 0), HasSubstr("no samples"));
    GraphMaker two;
    const ValueId sum = two.node("Add", "add", {two.input("a", {kSymbolic, 2}), two.input("b", {kSymbolic, 2})});
    EXPECT_THAT(
        refusal<ConfigError>(World(infer_types(two.build({sum}), reference_ops()), {5}, "[60, 2]")),
        HasSubstr("yields samples of input fp32 [2] after its transforms, but the model takes a fp32 [2], b fp32 "
                  "[2] per sample: not every input has a field of its name"));
    GraphMaker scalar;
    const ValueId y = scalar.node("Relu", "r", {scalar.input("a", {})});
    EXPECT_THAT(refusal<ConfigError>(World(infer_types(scalar.build({y}), reference_ops()), {5}, "[60, 2]")),
                HasSubstr("the model takes a fp32 [] per sample"));
}

/// y = (x0, 2 * x1), turned so that the batch is the second dimension: such outputs are scored sample by sample.
TEST(ModelEvaluator, RunsSampleBySampleWhereAnOutputHasNoRowForEachSample) {
    GraphMaker g;
    const ValueId y = g.gemm("g", g.input("x", {kSymbolic, 2}), test::floats({2, 2}, {1, 0, 0, 2}));
    const ValueId turned = g.node("Transpose", "t", {y});
    const World world(infer_types(g.build({turned}), reference_ops()), {5}, "[60, 2]");
    ModelEvaluator evaluator(world.setup());
    EXPECT_EQ(evaluator.batch(), 1);
    std::int64_t right = 0;  // the labels are 0
    for (const auto& row : rows_of(world.data, 60)) right += row[0] >= 2 * row[1] ? 1 : 0;
    const Score score = evaluator.scorer().score_graph(world.model.graph, nullptr);
    EXPECT_EQ(score.samples, 60);
    EXPECT_EQ(score.correct, right);
}

TEST(ModelEvaluator, ANaNInCalibrationNamesTheValue) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId huge = g.gemm("g1", x, test::floats({2, 2}, {3e38F, 3e38F, 3e38F, 3e38F}));
    const ValueId worse = g.gemm("g2", huge, test::floats({2, 2}, {3e38F, 0, 0, 3e38F}));
    const World world(infer_types(g.build({g.gemm("g3", worse, random_tensor({2, 2}, 1))}), reference_ops()), {5},
                      "[60, 2]");
    ModelEvaluator evaluator(world.setup());
    try {
        calibrated(evaluator);
        FAIL() << "infinity was observed";
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), HasSubstr("'g2_out'"));
    }
}

TEST(ModelEvaluator, AJobThatCannotBeOfThisRunIsRefused) {
    const World world(doubling_graph(), {10}, "[60, 2]");
    ModelEvaluator evaluator(world.setup(3));
    calibrated(evaluator);
    Job job = evaluate(world.space.at(0));
    EXPECT_NO_THROW((void)evaluator.run(job, 0));
    EXPECT_THROW((void)evaluator.run(job, 3), MpiError);
    EXPECT_THROW((void)evaluator.run(job, -1), MpiError);
    job.followers = {Candidate{.calibration = 1, .choice = {0}, .hash = 1}};
    EXPECT_THROW((void)evaluator.run(job, 0), MpiError);
    job.followers.clear();
    job.candidate.choice = {65535};
    EXPECT_THROW((void)evaluator.run(job, 0), MpiError);
    job.kind = JobKind::probe;
    EXPECT_THROW((void)evaluator.run(job, 0), MpiError);
    EvaluationSetup without_data = world.setup(3);
    without_data.evaluation = nullptr;
    ModelEvaluator calibrates(without_data);
    EXPECT_THROW((void)calibrates.run(evaluate(world.space.at(0)), 0), MpiError);
}

}  // namespace
}  // namespace halftone
