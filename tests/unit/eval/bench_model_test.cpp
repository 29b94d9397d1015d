#include "eval/bench_model.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "eval/step_profile.hpp"
#include "graph/onnx/onnx_model.hpp"
#include "kernel/ops/reference_ops.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;
using testing::HasSubstr;

std::int64_t quantize_nodes(const Graph& graph) {
    return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                         [](const Node& node) { return node.op == "QuantizeLinear"; });
}

TEST(BenchModel, AsIsAndFp32AreTheModelItself) {
    const World world;
    for (const char* precision : {"as-is", "fp32"}) {
        const BenchModel model(world.model, "m.onnx", precision);
        EXPECT_EQ(export_onnx(model.graph()), export_onnx(world.model.graph));
        EXPECT_FALSE(model.has_candidates());
        EXPECT_FALSE(model.fp32().has_value()) << "it is the model itself";
    }
}

TEST(BenchModel, Int8QuantizesAndHasCandidatesThatDiffer) {
    const World world;
    BenchModel model(world.model, "m.onnx", "int8");
    EXPECT_GT(quantize_nodes(model.graph()), 0);
    ASSERT_TRUE(model.has_candidates());
    ASSERT_TRUE(model.fp32().has_value());
    EXPECT_EQ(export_onnx(*model.fp32()), export_onnx(world.model.graph));
    EXPECT_NE(export_onnx(model.candidate(0)), export_onnx(model.graph()));
    EXPECT_NE(export_onnx(model.candidate(0)), export_onnx(model.candidate(1)));
    EXPECT_EQ(export_onnx(model.candidate(3)), export_onnx(model.candidate(3)));
}

TEST(BenchModel, RefusesAnotherPrecisionOfAQuantizedModel) {
    const World world;
    const Graph quantized = BenchModel(world.model, "m.onnx", "int8").graph();
    try {
        const BenchModel again(prepared(quantized), "q.onnx", "fp32");
        FAIL() << "nothing was thrown";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--precision fp32: q.onnx is quantized already"));
    }
    EXPECT_NO_THROW(BenchModel(prepared(quantized), "q.onnx", "as-is"));
}

TEST(BenchModel, ABatchFitsAnOpenDimensionOrIsTheModelsOwn) {
    const World world;
    EXPECT_EQ(checked_batch(world.model.graph, 16), 16) << "the first dimension is open";
    GraphMaker g;
    const Graph fixed = g.build({g.node("Relu", "r", {g.input("x", {4, 2})})});
    EXPECT_EQ(checked_batch(fixed, 1), 4) << "1 is also what nobody asked for";
    EXPECT_EQ(checked_batch(fixed, 4), 4);
    try {
        (void)checked_batch(fixed, 8);
        FAIL() << "nothing was thrown";
    } catch (const ConfigError& error) {
        EXPECT_THAT(error.what(), HasSubstr("--batch 8: the model leaves no batch open"));
    }
}

TEST(StepProfile, ARoundHasWholeRunsAndOneProfiledRun) {
    const World world;
    Session session(world.model.graph, reference_ops(), {.batch = 1});
    fill_inputs(session, 1);
    StepProfile profile;
    warm_up(session);
    EXPECT_TRUE(profile.runs_ms.empty());
    measure_round(session, profile);
    const std::size_t runs = profile.runs_ms.size();
    EXPECT_GE(runs, 1U);
    ASSERT_EQ(profile.steps_ns.size(), session.steps().size());
    EXPECT_EQ(profile.steps_ns[0].size(), 1U);
    measure_round(session, profile);
    EXPECT_GT(profile.runs_ms.size(), runs);
    EXPECT_EQ(profile.steps_ns[0].size(), 2U);
}

TEST(StepProfile, OneSlowRunDoesNotChangeAStepsTime) {
    EXPECT_EQ(median_step_ms({.runs_ms = {}, .steps_ns = {{1e6, 500e6, 2e6}, {3e6}}}), (std::vector<double>{2, 3}));
}

TEST(StepProfile, ACandidatesSetUpIsTimed) {
    const World world;
    BenchModel model(world.model, "m.onnx", "int8");
    EXPECT_GT(candidate_set_up_ms(model, {.batch = 1}), 0);
}

TEST(PercentileOf, IsTheNearestSample) {
    EXPECT_EQ(percentile_of({3, 1, 2}, 0.5), 2);
    EXPECT_EQ(percentile_of({3, 1, 2}, 0), 1);
    EXPECT_EQ(percentile_of({3, 1, 2}, 1), 3);
    EXPECT_EQ(percentile_of({7}, 0.95), 7);
}

}  // namespace
}  // namespace halftone
