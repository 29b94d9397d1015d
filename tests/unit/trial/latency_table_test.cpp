#include "trial/latency_table.hpp"

#include <gtest/gtest.h>

#include "support/toy_space.hpp"

namespace halftone {
namespace {

using namespace test;

// 0.5 + (1 + 2) + border 0-1 quantized on one side.
TEST(LatencyTable, AddsUnitsBordersAndTheRest) {
    const SearchSpace space = uniform_space(2, {kMinmax, kFp32});
    const LatencyTable table{
        .unit_ms = {{1, 10}, {2, 20}}, .conversions = {{-1, 0, 0.25, 100}, {0, 1, 0.0625, 0.125}}, .rest_ms = 0.5};
    EXPECT_DOUBLE_EQ(table.predict_ms(space, space.make(0, {0, 0})), 3.5 + 0.25);
    EXPECT_DOUBLE_EQ(table.predict_ms(space, space.make(0, {0, 1})), 0.5 + 1 + 20 + 0.25 + 0.125);
    EXPECT_DOUBLE_EQ(table.predict_ms(space, space.make(0, {1, 0})), 0.5 + 10 + 2 + 0.0625);
    EXPECT_DOUBLE_EQ(table.predict_ms(space, space.make(0, {1, 1})), 30.5);
}

}  // namespace
}  // namespace halftone
