#include "calib/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "base/rng.hpp"

namespace halftone {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

ValueStatistics statistics_after(const std::vector<float>& values) {
    ValueStatistics statistics;
    EXPECT_EQ(statistics.observe(values), 0);
    return statistics;
}

/// The bins that are not empty, by their lower edge.
std::map<double, std::int64_t> counts_by_edge(const ValueStatistics& statistics) {
    std::map<double, std::int64_t> counts;
    const UniformHistogram histogram = statistics.histogram();
    for (std::size_t i = 0; i < histogram.bins.size(); ++i) {
        if (histogram.bins[i] == 0) continue;
        counts[-histogram.limit + static_cast<double>(i) * histogram.bin_width] = histogram.bins[i];
    }
    return counts;
}

TEST(ValueStatistics, KeepExtentAndCounts) {
    const ValueStatistics statistics = statistics_after({0.5F, -3.0F, 0.5F, 2.0F});
    EXPECT_EQ(statistics.count(), 4);
    EXPECT_EQ(statistics.min(), -3.0F);
    EXPECT_EQ(statistics.max(), 2.0F);
    EXPECT_EQ(counts_by_edge(statistics), (std::map<double, std::int64_t>{{-3.0, 1}, {0.5, 2}, {2.0, 1}}));
}

TEST(ValueStatistics, TheLimitIsThePowerOfTwoAboveEveryMagnitude) {
    EXPECT_EQ(statistics_after({-3.0F}).limit(), 4.0);
    EXPECT_EQ(statistics_after({4.0F}).limit(), 8.0) << "4 itself lies outside [-4, 4)";
    EXPECT_EQ(statistics_after({-4.0F}).limit(), 8.0);
    EXPECT_EQ(statistics_after({std::numeric_limits<float>::max()}).limit(), 0x1p128);
    EXPECT_EQ(statistics_after({0.0F}).limit(), statistics_after({1e-40F}).limit()) << "there is a smallest limit";
}

TEST(ValueStatistics, BinsAreClosedBelowAndOpenAbove) {
    // limit 1, so a bin is 2^-13 wide.
    const float width = 0x1p-13F;
    const ValueStatistics statistics = statistics_after(
        {0.9F, width, std::nextafter(width, 0.0F), 0.0F, -1e-45F, -width, std::nextafter(-width, -1.0F)});
    const std::map<double, std::int64_t> counts = counts_by_edge(statistics);
    EXPECT_EQ(counts.at(0x1p-13), 1);
    EXPECT_EQ(counts.at(0), 2);
    EXPECT_EQ(counts.at(-0x1p-13), 2) << "the least negative number, and the edge itself";
    EXPECT_EQ(counts.at(-0x1p-12), 1);
}

TEST(ValueStatistics, TheLeastNegativeNumberStaysBelowZeroBesideHugeOnes) {
    const ValueStatistics statistics = statistics_after({1e38F, -1e-45F});
    EXPECT_EQ(statistics.histogram().bins[ValueStatistics::kBins / 2 - 1], 1);
}

TEST(ValueStatistics, AgreeWithFloorInDoubleOnRandomBits) {
    std::vector<float> values;
    Rng rng(20);
    while (values.size() < 20000) {
        const float value = static_cast<float>(std::ldexp(rng.uniform(-1, 1), static_cast<int>(rng.below(40)) - 35));
        values.push_back(value);
    }
    const ValueStatistics statistics = statistics_after(values);
    std::vector<std::int64_t> expected(ValueStatistics::kBins, 0);
    for (const float value : values) {
        const double bin = std::floor((static_cast<double>(value) + statistics.limit()) / statistics.bin_width());
        ++expected[static_cast<std::size_t>(bin)];
    }
    EXPECT_EQ(statistics.histogram().bins, expected);
}

TEST(ValueStatistics, KeepBinsAsNarrowAsTheirValuesWhateverElseIsThere) {
    std::vector<float> values{1e30F, -3e9F, 0.0F, -0.0F, 1e-40F, -1e-40F, 4.0F, -4.0F};
    Rng rng(21);
    while (values.size() < 5000) {
        const int exponent = static_cast<int>(rng.below(60)) - 30;
        values.push_back(static_cast<float>(std::ldexp(rng.uniform(-1, 1), exponent)));
    }
    const ValueStatistics statistics = statistics_after(values);
    std::int64_t counted = 0;
    for (const auto& [low, high, count] : statistics.used_bins()) {
        const auto is_inside = [low = low, high = high](float x) {
            return static_cast<double>(x) >= low && static_cast<double>(x) < high;
        };
        EXPECT_EQ(count, std::count_if(values.begin(), values.end(), is_inside)) << low << " to " << high;
        EXPECT_LE(high - low, std::max(std::min(std::abs(low), std::abs(high)) / 256, 0x1p-78));
        counted += count;
    }
    EXPECT_EQ(counted, 5000);
}

TEST(ValueStatistics, AHistogramOfTheMassCountsWhatLiesOutside) {
    const ValueStatistics statistics = statistics_after({-1e6F, -0.75F, 0.0F, 0.4995F, 0.5F, 0.999F, 1.0F, 3e9F});
    const UniformHistogram histogram = statistics.histogram_within(1);
    EXPECT_EQ(histogram.bins.size(), 1024U);
    EXPECT_EQ(histogram.bin_width, 0x1p-9);
    EXPECT_EQ(histogram.below, 1);
    EXPECT_EQ(histogram.above, 2);
    EXPECT_EQ(histogram.bins[128], 1) << "-0.75";
    EXPECT_EQ(histogram.bins[512], 1) << "0";
    EXPECT_EQ(histogram.bins[767], 1) << "0.4995";
    EXPECT_EQ(histogram.bins[768], 1) << "0.5";
    EXPECT_EQ(histogram.bins[1023], 1) << "0.999";
}

TEST(ValueStatistics, LeaveOutWhatIsNotFiniteAndCountIt) {
    ValueStatistics statistics;
    EXPECT_EQ(statistics.observe(std::vector<float>{1.0F, kNaN, -kInfinity, 2.0F, kInfinity}), 3);
    EXPECT_EQ(statistics, statistics_after({1.0F, 2.0F}));
    ValueStatistics none;
    EXPECT_EQ(none.observe(std::vector<float>{kNaN}), 1);
    EXPECT_TRUE(none.is_empty());
    EXPECT_EQ(none, ValueStatistics());
}

TEST(ValueStatistics, DoNotTellMinusZeroFromZero) {
    EXPECT_FALSE(std::signbit(statistics_after({-0.0F}).min()));
    EXPECT_EQ(statistics_after({-0.0F}).encode(), statistics_after({0.0F}).encode());
}

TEST(ValueStatistics, AnEncodingReadsBack) {
    for (const ValueStatistics& statistics :
         {ValueStatistics(), statistics_after({0.0F}), statistics_after({-1.0F, 0.25F, 0.25F, 700.0F}),
          statistics_after({1e-40F, -3e38F}), statistics_after(std::vector<float>(70000, 3.0F))}) {
        EXPECT_EQ(ValueStatistics::decode(statistics.encode()), statistics);
    }
}

TEST(ValueStatistics, AnEncodingIsCompact) {
    EXPECT_EQ(ValueStatistics().encode().size(), 1U);
    EXPECT_LE(statistics_after({-1.0F, 1.0F}).encode().size(), 16U);
}

TEST(ValueStatistics, ADamagedEncodingIsADataErrorOrOtherValidStatistics) {
    const std::string good = statistics_after({-1.0F, 0.25F, 0.25F, 7.0F}).encode();
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_THROW((void)ValueStatistics::decode(good.substr(0, size)), DataError) << "cut at " << size;
    }
    EXPECT_THROW((void)ValueStatistics::decode(good + "x"), DataError);
    for (std::size_t place = 0; place < good.size(); ++place) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[place] = static_cast<char>(bad[place] ^ (1 << bit));
            try {
                EXPECT_EQ(ValueStatistics::decode(bad).encode(), bad) << place << "." << bit;
            } catch (const DataError&) {
                continue;
            }
        }
    }
}

}  // namespace
}  // namespace halftone
