#include "eval/costs.hpp"

#include <gtest/gtest.h>

#include "graph/onnx/onnx_model.hpp"
#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(Costs, TheFileIsAsLargeAsItsExport) {
    const World world;
    EXPECT_EQ(exported_bytes(world.model.graph), static_cast<std::int64_t>(export_onnx(world.model.graph).size()));
    EXPECT_EQ(measure_bytes(world.model.graph).model_bytes, exported_bytes(world.model.graph));
}

TEST(Costs, TheFootprintHoldsAtLeastTheWeights) {
    const World world;
    std::int64_t weight_bytes = 0;
    for (const Unit& unit : world.model.units) {
        weight_bytes +=
            static_cast<std::int64_t>(sizeof(float)) * world.model.graph.value(unit.weight).constant.shape().elements();
    }
    const Costs costs = measure_bytes(world.model.graph);
    EXPECT_GT(costs.footprint_bytes, weight_bytes);
    EXPECT_EQ(costs.latency_ms, 0);
}

TEST(Costs, AQuantizedModelIsSmallerThanFp32) {
    const World world;
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const Graph quantized = evaluator.factory().quantized(world.space.at(0)).graph;
    EXPECT_LT(measure_bytes(quantized).footprint_bytes, measure_bytes(world.model.graph).footprint_bytes);
}

TEST(Costs, GraphsAreTimedInTheirOrder) {
    const World world;
    const auto latencies = time_graphs({world.model.graph, world.model.graph}, world.data);
    ASSERT_EQ(latencies.size(), 2U);
    for (const MedianInterval& latency : latencies) EXPECT_GT(latency.low, 0);
    EXPECT_TRUE(time_graphs({}, world.data).empty());
}

TEST(Costs, AModelThatFixesItsBatchIsTimedToo) {
    GraphMaker g;
    const ValueId x = g.input("x", {4, 2});
    const Graph graph = infer_types(g.build({g.gemm("g", x, floats({2, 2}, {1, 0, 0, 2}))}), reference_ops());
    EXPECT_EQ(time_graphs({graph}, Pipeline(noise("[60, 2]"))).size(), 1U);
}

}  // namespace
}  // namespace halftone
