#include "eval/latency.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/random_net.hpp"

namespace halftone {
namespace {

/// 1, 2, … n, so that a value is its rank; shuffled a little.
std::vector<double> ranks(std::size_t n) {
    std::vector<double> values(n);
    std::iota(values.begin(), values.end(), 1.0);
    std::reverse(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n / 2));
    return values;
}

TEST(LatencySummary, TheMedianOfAnEvenCountIsTheMeanOfTheMiddleTwo) {
    EXPECT_EQ(median_with_interval({4, 1, 9}).median, 4);
    EXPECT_EQ(median_with_interval({4, 1, 9, 5}).median, 4.5);
    EXPECT_EQ(median_with_interval({7}).median, 7);
}

// Ranks from the cumulative binomial table for p = 1/2 (P(B <= 3 | 15) = 0.0176, P(B <= 4 | 15) = 0.0592 and so on).
TEST(LatencySummary, TheIntervalHasTheRanksOfTheSignTest) {
    struct Row {
        std::size_t n;
        double low, high;
    };
    for (const Row& row : {Row{6, 1, 6}, Row{8, 1, 8}, Row{9, 2, 8}, Row{10, 2, 9}, Row{15, 4, 12}, Row{20, 6, 15},
                           Row{25, 8, 18}, Row{30, 10, 21}}) {
        const MedianInterval latency = median_with_interval(ranks(row.n));
        EXPECT_EQ(latency.low, row.low) << row.n;
        EXPECT_EQ(latency.high, row.high) << row.n;
    }
}

TEST(LatencySummary, FewSamplesGiveTheWholeRange) {
    EXPECT_EQ(median_with_interval({3, 2, 5}).low, 2);
    EXPECT_EQ(median_with_interval({3, 2, 5}).high, 5);
}

// A model that was interrupted in one of its first runs got rounds of one run, and looked six times as fast as its
// rival, whose rounds were long enough to be interrupted.
TEST(MeasureLatency, AnInterruptedFirstRunDoesNotShortenTheRounds) {
    const std::chrono::milliseconds round(20);
    EXPECT_EQ(round_shape(std::vector{0.5, 30.0, 0.6}, round), round_shape(std::vector{0.5, 0.5, 0.5}, round));
    EXPECT_EQ(round_shape(std::vector{0.5, 30.0, 0.6}, round), (RoundShape{.groups = 40, .runs = 1}));
}

TEST(MeasureLatency, TinyModelsAreTimedInGroupsAndLargeOnesOnce) {
    const std::chrono::milliseconds round(20);
    EXPECT_EQ(round_shape(std::vector{0.0125}, round), (RoundShape{.groups = 400, .runs = 4}));
    EXPECT_EQ(round_shape(std::vector{100.0}, round), (RoundShape{.groups = 1, .runs = 1}));
    const RoundShape least = round_shape(std::vector{0.0}, round);
    EXPECT_EQ(least.runs, 500) << "a clock that stands still is no division by zero";
}

TEST(MeasureLatency, GivesOneResultForEachSessionInOrder) {
    const Graph graph = test::RandomNet(1).build();
    Session small(graph, reference_ops(), {.batch = 1});
    Session large(graph, reference_ops(), {.batch = 64});
    const auto latencies = measure_latency({&small, &large}, {.rounds = 3, .round_time = std::chrono::milliseconds(1)});
    ASSERT_EQ(latencies.size(), 2U);
    for (const MedianInterval& l : latencies) {
        EXPECT_GT(l.low, 0);
        EXPECT_LE(l.low, l.median);
        EXPECT_LE(l.median, l.high);
    }
}

}  // namespace
}  // namespace halftone
