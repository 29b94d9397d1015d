#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "study/distribution_bins.hpp"
#include "study/distribution_file.hpp"
#include "support/temporary_folder.hpp"

namespace halftone::study {
namespace {

using ::testing::ElementsAre;

Distribution counted(const std::vector<float>& values, BinEnds bins) {
    return count_values(values, {.block = std::max<std::size_t>(1, values.size()), .used = values.size()}, bins);
}

BinEnds bins_of(const std::vector<float>& values) {
    return bins_around(values, {.block = std::max<std::size_t>(1, values.size()), .used = values.size()});
}

TEST(DistributionBins, ReachASixteenthBeyondTheValues) {
    const std::vector<float> values{0, 16, 4};
    const BinEnds bins = bins_of(values);
    EXPECT_DOUBLE_EQ(bins.low, -1);
    EXPECT_DOUBLE_EQ(bins.high, 17);
}

TEST(DistributionBins, HaveAWidthAroundEqualValuesAndAroundNone) {
    const BinEnds around_eight = bins_of({8, 8});
    EXPECT_DOUBLE_EQ(around_eight.low, 7.5);
    EXPECT_DOUBLE_EQ(around_eight.high, 8.5);
    for (const std::vector<float>& values : {std::vector<float>{0}, std::vector<float>{}}) {
        EXPECT_DOUBLE_EQ(bins_of(values).low, -1e-6);
        EXPECT_DOUBLE_EQ(bins_of(values).high, 1e-6);
    }
}

TEST(DistributionBins, CountBelowWithinAndAbove) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Distribution d = counted({-1, 0, 0.5, 127.5, 128, nan}, {0, 128});  // bins of width 1
    ASSERT_EQ(d.counts.size(), kDistributionBins + 2);
    EXPECT_EQ(d.counts[0], 1) << "-1";
    EXPECT_EQ(d.counts[1], 2) << "0 and 0.5";
    EXPECT_EQ(d.counts[128], 1) << "127.5";
    EXPECT_EQ(d.counts[129], 2) << "128 and NaN";
    EXPECT_EQ(d.total(), 6);
}

TEST(DistributionBins, SumWhatTheyCount) {
    const Distribution d = counted({-1, 2, 3}, {-2, 4});
    EXPECT_EQ(d.min, -1);
    EXPECT_EQ(d.max, 3);
    EXPECT_EQ(d.sum, 4);
    EXPECT_EQ(d.sum_squares, 14);
}

TEST(DistributionBins, LeaveOutTheRowsThatPadABatch) {
    // Two blocks of four elements, of which the first two belong to samples.
    const std::vector<float> values{1, 2, 9, 9, 3, 4, 9, 9};
    const Distribution d = count_values(values, {.block = 4, .used = 2}, {0, 128});
    EXPECT_EQ(d.total(), 4);
    EXPECT_EQ(d.sum, 10);
}

TEST(DistributionBins, LieAroundTheSamplesAndNotAroundThePadding) {
    const std::vector<float> values{0, 16, 900, -900, 4, 8, 900, -900};
    const BinEnds bins = bins_around(values, {.block = 4, .used = 2});
    EXPECT_DOUBLE_EQ(bins.low, -1);
    EXPECT_DOUBLE_EQ(bins.high, 17);
    const Distribution d = count_values(values, {.block = 4, .used = 2}, bins);
    EXPECT_EQ(d.min, 0);
    EXPECT_EQ(d.max, 16);
}

TEST(DistributionBins, OfABatchWithoutSamplesCountNothing) {
    const std::vector<float> padding{900, -900};
    const BinEnds bins = bins_around(padding, {.block = 2, .used = 0});
    EXPECT_DOUBLE_EQ(bins.high, 1e-6);
    const Distribution d = count_values(padding, {.block = 2, .used = 0}, bins);
    EXPECT_EQ(d.total(), 0);
    EXPECT_EQ(d.min, 0);
    EXPECT_EQ(d.max, 0);
}

TEST(DistributionBins, OfBlocksWithoutElementsEnd) {
    const Distribution d = count_values({}, {.block = 0, .used = 0}, bins_around({}, {.block = 0, .used = 0}));
    EXPECT_EQ(d.total(), 0);
}

TEST(DistributionBins, LieAroundTheFiniteValues) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const BinEnds bins = bins_of({kInfinity, 0, std::numeric_limits<float>::quiet_NaN(), 16, -kInfinity});
    EXPECT_DOUBLE_EQ(bins.low, -1);
    EXPECT_DOUBLE_EQ(bins.high, 17);
    EXPECT_DOUBLE_EQ(bins_of({kInfinity}).high, 1e-6);
}

TEST(DistributionBins, AnOutputWithoutElementsHasNoCounts) {
    const Distribution d = counted({}, bins_of({}));
    EXPECT_EQ(d.total(), 0);
    EXPECT_EQ(d.min, 0);
    EXPECT_EQ(d.max, 0);
}

TEST(DistributionFile, IsNamedAfterItsTrial) { EXPECT_EQ(distribution_file_name(31), "trial-00031.h5"); }

TEST(DistributionFile, ReadsBack) {
    const TemporaryFolder folder;
    const Distribution first = counted({0, 1, 2}, {0, 4});
    const Distribution second = counted({5}, {4, 6});
    write_distribution_file(folder / "a.h5", {{first, second}, {12.5, 30}});
    const UnitDistributions read = read_distribution_file(folder / "a.h5", 2);
    ASSERT_EQ(read.values.size(), 2U);
    EXPECT_EQ(read.values[0].counts, first.counts);
    EXPECT_EQ(read.values[1].low, 4);
    EXPECT_EQ(read.values[1].sum_squares, 25);
    EXPECT_THAT(read.sqnr_db, ElementsAre(12.5, 30));
    EXPECT_THROW((void)read_distribution_file(folder / "a.h5", 3), DataError) << "of another number of units";
    EXPECT_THROW((void)read_distribution_file(folder / "none.h5", 2), DataError);
}

TEST(DistributionFile, OfTheFp32ModelHasNoSqnr) {
    const TemporaryFolder folder;
    write_distribution_file(folder / "fp32.h5", {{counted({1}, {0, 2})}, {}});
    EXPECT_THAT(read_distribution_file(folder / "fp32.h5", 1).sqnr_db, ElementsAre());
}

}  // namespace
}  // namespace halftone::study
