#include "eval/error_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

/// Some fp32 kernels sum a sample's products in another order in another row of the batch (AVX2): what is a hundred
/// thousandth of a small difference in one place is none in the values.
constexpr double kRounding = 1e-4;

Job probe(const Candidate& candidate, ProbeKind kind) {
    Job job;
    job.kind = JobKind::probe;
    job.candidate = candidate;
    job.probe = kind;
    return job;
}

ProbeResult probed(ModelEvaluator& evaluator, const Job& job) {
    return evaluator.merge_probe(payloads_of(evaluator, job));
}

TEST(ErrorSums, DistancesByHand) {
    ErrorSums sums;
    // x = 0 1 2 4, y = 0 1 3 3: errors 0 0 1 1; by their own ranges 0 .25 .5 1 and 0 1/3 1 1.
    for (const auto& [x, y] : {std::pair(0.0F, 0.0F), {1.0F, 1.0F}, {2.0F, 3.0F}, {4.0F, 3.0F}}) sums.add(x, y);
    EXPECT_DOUBLE_EQ(sums.error, 2);
    EXPECT_DOUBLE_EQ(sums.reference, 21);
    EXPECT_DOUBLE_EQ(sums.relative(), 2.0 / 21);
    EXPECT_NEAR(sums.own_range_mse(), (std::pow(0.25 - 1.0 / 3, 2) + 0.25) / 4, 1e-15);
    EXPECT_EQ(sums.max, 4);
    EXPECT_EQ(sums.quantized_max, 3);
}

TEST(ErrorSums, MergedInPartsTheyAreTheWhole) {
    ErrorSums whole;
    ErrorSums first;
    ErrorSums second;
    for (int i = -5; i < 6; ++i) {
        const auto x = static_cast<float>(i);
        whole.add(x, x * 0.5F);
        (i < 2 ? first : second).add(x, x * 0.5F);
    }
    first.merge(second);
    first.merge(ErrorSums{});
    EXPECT_EQ(first, whole);
}

TEST(ErrorSums, AConstantTensorHasNoRange) {
    ErrorSums sums;
    for (int i = 0; i < 3; ++i) sums.add(2.0F, 2.0F);
    EXPECT_EQ(sums.relative(), 0);
    EXPECT_EQ(sums.own_range_mse(), 0);
}

TEST(ErrorProbe, AnyNumberOfShardsGivesTheSameSumsUpToTheOrderOfAddition) {
    const World world;
    std::vector<ProbeResult> results;
    for (const std::int64_t shards : {1, 7}) {
        ModelEvaluator evaluator(world.setup(shards));
        calibrated(evaluator);
        results.push_back(probed(evaluator, probe(world.space.at(0), ProbeKind::unit_errors)));
    }
    ASSERT_EQ(results[0].values.size(), world.model.units.size());
    EXPECT_EQ(results[0].samples, 40);
    for (std::size_t u = 0; u < results[0].values.size(); ++u) {
        EXPECT_EQ(results[0].values[u].count, results[1].values[u].count);
        EXPECT_NEAR(results[0].values[u].relative(), results[1].values[u].relative(),
                    kRounding * results[0].values[u].relative());
    }
}

TEST(ErrorProbe, TheOutputsErrorIsThatOfTheLogits) {
    const World world;
    ModelEvaluator evaluator(world.setup(3));
    calibrated(evaluator);
    const Candidate candidate = world.space.at(0);
    const ProbeResult result = probed(evaluator, probe(candidate, ProbeKind::output_error));
    Tensor fp32;
    Tensor quantized;
    (void)evaluator.scorer().score_graph(world.model.graph, &fp32);
    (void)evaluator.scorer().score_graph(evaluator.factory().quantized(candidate).graph, &quantized);
    double error = 0;
    double reference = 0;
    for (std::size_t i = 0; i < 400; ++i) {  // calibration and evaluation read the same data; it has 40 of 60 samples
        const double x = fp32.as<float>()[i];
        error += (x - quantized.as<float>()[i]) * (x - quantized.as<float>()[i]);
        reference += x * x;
    }
    ASSERT_EQ(result.values.size(), 1U);
    EXPECT_EQ(result.values[0].count, 400);
    EXPECT_NEAR(result.values[0].error, error, kRounding * error);
    EXPECT_NEAR(result.values[0].reference, reference, kRounding * reference);
}

TEST(ErrorProbe, UnitsInFp32BehindNothingQuantizedHaveNoError) {
    const World world;
    ModelEvaluator evaluator(world.setup(3));
    calibrated(evaluator);
    Candidate fp32 = world.space.at(0);
    for (std::size_t d = 0; d < world.space.decisions().size(); ++d) {
        const int option = world.space.decisions()[d].find_high_precision(DType::f32);
        fp32 = world.space.with(fp32, d, static_cast<std::uint16_t>(option));
    }
    for (const ErrorSums& sums : probed(evaluator, probe(fp32, ProbeKind::unit_errors)).values) {
        EXPECT_LT(sums.relative(), 1e-9);
    }
    const auto quantized = probed(evaluator, probe(world.space.at(0), ProbeKind::unit_errors));
    for (const ErrorSums& sums : quantized.values) EXPECT_GT(sums.relative(), 1e-9);
}

/// Two outputs of reals and one of integers: the errors are those of the first two.
TEST(ErrorProbe, EveryOutputOfRealsHasItsErrors) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2});
    const ValueId y = g.gemm("g", x, test::floats({2, 2}, {1, 0, 0, 2}));
    const ValueId best = g.node("ArgMax", "best", {y}, {{"axis", std::int64_t{1}}});
    const ValueId z = g.node("Relu", "positive", {y});
    const World world(infer_types(g.build({y, best, z}), reference_ops()), {40}, "[60, 2]");
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const ProbeResult result = probed(evaluator, probe(world.space.at(0), ProbeKind::output_error));
    ASSERT_EQ(result.failure, "");
    ASSERT_EQ(result.values.size(), 2U);
    EXPECT_EQ(result.values[0].count, 80);
    EXPECT_EQ(result.values[1].count, 80);
    EXPECT_LT(result.values[0].min, 0);
    EXPECT_EQ(result.values[1].min, 0);
}

TEST(ErrorProbe, TheLastCandidateLeavesNoTrace) {
    const World world;
    ModelEvaluator evaluator(world.setup(3));
    calibrated(evaluator);
    const Job first = probe(world.space.at(0), ProbeKind::output_error);
    const Job second = probe(world.space.at(1), ProbeKind::output_error);
    const ProbeResult before = probed(evaluator, first);
    (void)probed(evaluator, second);
    (void)probed(evaluator, probe(world.space.at(1), ProbeKind::unit_errors));
    EXPECT_EQ(probed(evaluator, first), before);
}

}  // namespace
}  // namespace halftone
