#include <gtest/gtest.h>

#include "base/error.hpp"
#include "metric/metric.hpp"

namespace halftone {
namespace {

// Expected values: the two roots x of (correct/n - x)^2 = z^2 x (1 - x) / n, which define the interval (Wilson 1927),
// found by bisection in Python's decimal arithmetic (40 digits, z = 1.959964), not by the closed formula.
TEST(Wilson95, IsTheScoreInterval) {
    EXPECT_NEAR(wilson95(8, 10).low, 0.490162469122, 1e-9);
    EXPECT_NEAR(wilson95(8, 10).high, 0.943317849062, 1e-9);
    EXPECT_NEAR(wilson95(9278, 10000).low, 0.922561284952, 1e-9);
    EXPECT_NEAR(wilson95(9278, 10000).high, 0.932710166037, 1e-9);
}

TEST(Wilson95, StaysInsideTheUnitIntervalAtItsEnds) {
    EXPECT_EQ(wilson95(0, 10).low, 0.0);
    EXPECT_NEAR(wilson95(0, 10).high, 0.277532803026, 1e-9);
    EXPECT_NEAR(wilson95(10, 10).low, 1 - wilson95(0, 10).high, 1e-15);
    EXPECT_EQ(wilson95(10, 10).high, 1.0);
}

TEST(Wilson95, RefusesCountsThatMakeNoShare) {
    // They may stand in a journal that was edited: the fault is the file's, not the program's.
    for (const auto& [correct, samples] : {std::pair{0, 0}, {3, 2}, {-1, 2}, {0, -1}}) {
        EXPECT_THROW((void)wilson95(correct, samples), DataError) << correct << " of " << samples;
    }
}

}  // namespace
}  // namespace halftone
