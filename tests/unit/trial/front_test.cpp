#include "trial/front.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

std::vector<std::int64_t> trials_of(const std::vector<FrontPoint>& front) {
    std::vector<std::int64_t> trials;
    for (const FrontPoint& point : front) trials.push_back(point.trial);
    return trials;
}
using Trials = std::vector<std::int64_t>;

TEST(ParetoFront, OfNothingIsEmpty) { EXPECT_TRUE(pareto_front({}, true).empty()); }

TEST(ParetoFront, KeepsWhatIsBestInOneWayAndSortsByLatency) {
    const std::vector<FrontPoint> points{
        {.trial = 0, .accuracy = 0.9, .latency_ms = 3, .bytes = 100},   // the most accurate
        {.trial = 1, .accuracy = 0.8, .latency_ms = 1, .bytes = 100},   // the fastest
        {.trial = 2, .accuracy = 0.7, .latency_ms = 2, .bytes = 50},    // the smallest
        {.trial = 3, .accuracy = 0.79, .latency_ms = 2, .bytes = 100},  // trial 1 is better in both
    };
    EXPECT_EQ(trials_of(pareto_front(points, true)), (Trials{1, 2, 0}));
}

TEST(ParetoFront, OfEqualPointsBothStayInTheirOrder) {
    const std::vector<FrontPoint> points{{.trial = 4, .accuracy = 0.9, .latency_ms = 1, .bytes = 10},
                                         {.trial = 7, .accuracy = 0.9, .latency_ms = 1, .bytes = 10}};
    EXPECT_EQ(trials_of(pareto_front(points, true)), (Trials{4, 7}));
}

TEST(ParetoFront, ATieInTwoWaysIsDecidedByTheThird) {
    const std::vector<FrontPoint> points{{.trial = 0, .accuracy = 0.9, .latency_ms = 1, .bytes = 10},
                                         {.trial = 1, .accuracy = 0.9, .latency_ms = 1, .bytes = 9}};
    EXPECT_EQ(trials_of(pareto_front(points, true)), Trials{1});
}

TEST(ParetoFront, FollowsTheDirectionOfTheMetric) {
    const std::vector<FrontPoint> points{{.trial = 0, .accuracy = 0.3, .latency_ms = 1, .bytes = 10},
                                         {.trial = 1, .accuracy = 0.2, .latency_ms = 1, .bytes = 10}};
    EXPECT_EQ(trials_of(pareto_front(points, true)), Trials{0});
    EXPECT_EQ(trials_of(pareto_front(points, false)), Trials{1});
}

}  // namespace
}  // namespace halftone
