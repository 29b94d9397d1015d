// Which elements of padded values belong to samples. Expectations are counted by hand.
#include "eval/used_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone {
namespace {

using ::testing::ElementsAre;

/// Begin and end of each run.
std::vector<std::pair<std::size_t, std::size_t>> spans_of(const std::vector<UsedRun>& runs) {
    std::vector<std::pair<std::size_t, std::size_t>> spans;
    for (const UsedRun& run : runs) spans.emplace_back(run.begin, run.begin + run.count);
    return spans;
}
std::pair<std::size_t, std::size_t> span(std::size_t begin, std::size_t end) { return {begin, end}; }

ShapesOfValues shape(Shape value) { return std::make_shared<const std::vector<Shape>>(std::vector{std::move(value)}); }

TEST(UsedParts, WithoutPaddingAreTheRowsThatHoldSamples) {
    const UsedParts parts{.rows = 2, .batch = 3};
    EXPECT_THAT(spans_of(parts.runs(Shape{kSymbolic, 4}, Shape{3, 4}, 0)), ElementsAre(span(0, 8)));
    // The batch is the second dimension: two samples of three, twice.
    EXPECT_THAT(spans_of(parts.runs(Shape{2, kSymbolic, 2}, Shape{2, 3, 2}, 0)), ElementsAre(span(0, 4), span(6, 10)));
    EXPECT_EQ(parts.runs(Shape{kSymbolic, 4}, Shape{3, 4}, 0)[0].rows, 2);
}

TEST(UsedParts, OfAPaddedSampleTheCornerCounts) {
    // Two texts of four tokens with three numbers each; the first text has two tokens.
    const UsedParts parts{.rows = 2, .batch = 2, .unpadded = {shape({1, 2, 3}), nullptr}};
    const auto runs = parts.runs(Shape{kSymbolic, 4, 3}, Shape{2, 4, 3}, 0);
    EXPECT_THAT(spans_of(runs), ElementsAre(span(0, 6), span(12, 24)));
    EXPECT_EQ(runs[1].row, 1);
}

TEST(UsedParts, TheBatchMayStandAnywhereOrBeJoined) {
    const UsedParts second{.rows = 2, .batch = 2, .unpadded = {nullptr, shape({2, 1, 2})}};
    EXPECT_THAT(spans_of(second.runs(Shape{3, kSymbolic, 2}, Shape{3, 2, 2}, 0)),
                ElementsAre(span(0, 2), span(4, 6), span(8, 10), span(2, 4), span(6, 8)));
    // [batch * tokens, width]: the second text has one token of four.
    const UsedParts joined{.rows = 2, .batch = 2, .unpadded = {nullptr, shape({1, 3})}};
    EXPECT_THAT(spans_of(joined.runs(Shape{kSymbolic, 3}, Shape{8, 3}, 0)), ElementsAre(span(0, 12), span(12, 15)));
}

TEST(UsedParts, WhoseShapesNobodyKnowsCountAsAWhole) {
    const UsedParts parts{.rows = 1, .batch = 1, .unpadded = {shape({1, 2})}};
    EXPECT_THAT(spans_of(parts.runs(Shape{kSymbolic, 4}, Shape{1, 4}, 7)), ElementsAre(span(0, 4)));
    EXPECT_THAT(spans_of(parts.runs(Shape{kSymbolic, 2, 2}, Shape{1, 2, 2}, 0)), ElementsAre(span(0, 4)));
    EXPECT_THAT(spans_of(parts.runs(Shape{}, Shape{}, 0)), ElementsAre(span(0, 1)));
}

TEST(CornerRuns, AreJoinedWhereTheyTouch) {
    EXPECT_THAT(spans_of(corner_runs(Shape{2, 4, 4}, Shape{2, 2, 3})),
                ElementsAre(span(0, 3), span(4, 7), span(16, 19), span(20, 23)));
    EXPECT_THAT(spans_of(corner_runs(Shape{3, 2, 2}, Shape{2, 2, 2})), ElementsAre(span(0, 8)));
    EXPECT_THAT(spans_of(corner_runs(Shape{3, 2}, Shape{3, 2})), ElementsAre(span(0, 6)));
    EXPECT_THAT(corner_runs(Shape{3, 2}, Shape{0, 2}), ElementsAre());
}

}  // namespace
}  // namespace halftone
