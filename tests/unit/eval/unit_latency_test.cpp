#include "eval/unit_latency.hpp"

#include <gtest/gtest.h>

#include "support/evaluation_world.hpp"

namespace halftone {
namespace {

using namespace test;

TEST(UnitLatency, HasARowForEachUnitAndABorderForEachFeed) {
    const World world;
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const LatencyTable table = measure_latency_table(evaluator.factory(), world.model, world.space, {.rounds = 3});
    ASSERT_EQ(table.unit_ms.size(), world.space.decisions().size());
    double sum = 0;
    for (std::size_t u = 0; u < table.unit_ms.size(); ++u) {
        ASSERT_EQ(table.unit_ms[u].size(), world.space.decisions()[u].options.size());
        for (const double ms : table.unit_ms[u]) {
            EXPECT_GE(ms, 0);
            sum += ms;
        }
    }
    EXPECT_GT(sum, 0);
    EXPECT_GE(table.conversions.size(), world.model.units.size()) << "every unit reads something";
    for (const UnitConversion& border : table.conversions) {
        EXPECT_LT(border.producer, border.consumer);
        EXPECT_GE(border.quantize_ms, 0);
        EXPECT_GE(border.dequantize_ms, 0);
    }
    EXPECT_GT(table.predict_ms(world.space, world.space.at(0)), 0);
}

TEST(UnitLatency, OptionsOfOneDtypeCostTheSame) {
    const World world;
    ModelEvaluator evaluator(world.setup());
    calibrated(evaluator);
    const LatencyTable table = measure_latency_table(evaluator.factory(), world.model, world.space, {.rounds = 3});
    const auto& options = world.space.decisions()[0].options;
    for (std::size_t o = 1; o < options.size(); ++o) {
        if (options[o].activation.dtype != options[0].activation.dtype) continue;
        EXPECT_EQ(table.unit_ms[0][o], table.unit_ms[0][0]);
    }
}

}  // namespace
}  // namespace halftone
