#include "base/rng.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <set>

#include "base/error.hpp"

namespace halftone {
namespace {

// PROVENANCE: the first outputs of Vigna's splitmix64.c for the seed 1234567, as published at rosettacode.org
// ("Pseudo-random numbers/Splitmix64").
TEST(Rng, IsSplitMix64) {
    Rng rng(1234567);
    for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                         4593380528125082431ULL, 16408922859458223821ULL}) {
        EXPECT_EQ(rng.next(), expected);
    }
}

TEST(Rng, TheNthDrawNeedsNoneOfThoseBefore) {
    Rng from_start(7);
    for (int i = 0; i < 5; ++i) static_cast<void>(from_start.next());
    EXPECT_EQ(Rng(7, 5).next(), from_start.next());
}

TEST(Rng, UniformStaysInItsRangeAndFillsIt) {
    Rng rng(3);
    std::array<int, 10> tenths{};
    for (int i = 0; i < 100'000; ++i) {
        const double value = rng.uniform();
        ASSERT_GE(value, 0.0);
        ASSERT_LT(value, 1.0);
        ++tenths[static_cast<std::size_t>(value * 10)];
        const double shifted = rng.uniform(-2.0, 3.0);
        ASSERT_GE(shifted, -2.0);
        ASSERT_LT(shifted, 3.0);
    }
    for (const int count : tenths) EXPECT_NEAR(count, 10'000, 500);  // 5 standard deviations of a fair count
}

TEST(Rng, UniformNeverGivesItsUpperEndEvenWhenRoundingWould) {
    Rng rng(4);
    const double high = std::nextafter(1.0, 2.0);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(rng.uniform(1.0, high), 1.0);
}

TEST(Rng, BelowIsFairAndBounded) {
    Rng rng(5);
    std::array<int, 7> counts{};
    for (int i = 0; i < 70'000; ++i) ++counts.at(rng.below(7));
    for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.below(1), 0U);
    EXPECT_THROW(static_cast<void>(rng.below(0)), InternalError);
}

TEST(Rng, BelowOfMoreThanHalfTheRangeIsUnbiased) {
    // Plain remainder would draw from the lower half twice as often as from the upper.
    Rng rng(6);
    const std::uint64_t bound = (1ULL << 63) + (1ULL << 62);
    int lower = 0;
    for (int i = 0; i < 30'000; ++i) lower += rng.below(bound) < bound / 2 ? 1 : 0;
    EXPECT_NEAR(lower, 15'000, 500);
}

TEST(Rng, NormalHasMeanZeroAndVarianceOne) {
    Rng rng(8);
    const int n = 100'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; ++i) {
        const double value = rng.normal();
        ASSERT_TRUE(std::isfinite(value));
        sum += value;
        squares += value * value;
    }
    EXPECT_NEAR(sum / n, 0.0, 0.016);  // 5 standard errors
    EXPECT_NEAR(squares / n, 1.0, 0.023);
}

TEST(Mix, OrderAndEveryWordCount) {
    EXPECT_NE(mix(1, 2, 3), mix(2, 1, 3));
    EXPECT_NE(mix(1, 2, 3), mix(1, 3, 2));
    EXPECT_EQ(mix(1, 2), mix(1, 2, 0));
    std::set<std::uint64_t> seen;
    for (std::uint64_t trial = 0; trial < 1000; ++trial) {
        for (std::uint64_t purpose = 0; purpose < 4; ++purpose) seen.insert(mix(9527, trial, purpose));
    }
    EXPECT_EQ(seen.size(), 4000U);
}

}  // namespace
}  // namespace halftone
