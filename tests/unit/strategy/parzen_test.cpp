#include "strategy/parzen.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace halftone {
namespace {

// Two coordinates with 2 and 4 places; seen: (0,1) (0,1) (1,3). Prior weight 1:
// p(first = 0) = (2 + 1/2) / (3 + 1) = 0.625; p(second = 1) = (2 + 1/4) / 4 = 0.5625; p(second = 0) = (1/4) / 4 =
// 0.0625.
TEST(Parzen, DensitiesByHand) {
    Parzen parzen({2, 4}, 1.0);
    for (const std::vector<std::uint16_t>& point : {std::vector<std::uint16_t>{0, 1}, {0, 1}, {1, 3}})
        parzen.add(point);
    EXPECT_DOUBLE_EQ(parzen.probability(0, 0), 0.625);
    EXPECT_DOUBLE_EQ(parzen.probability(0, 1), 0.375);
    EXPECT_DOUBLE_EQ(parzen.probability(1, 1), 0.5625);
    EXPECT_DOUBLE_EQ(parzen.probability(1, 0), 0.0625);
    EXPECT_DOUBLE_EQ(parzen.probability(1, 2), 0.0625);
    EXPECT_DOUBLE_EQ(parzen.probability(1, 3), 0.3125);
    EXPECT_NEAR(parzen.log_density({0, 1}), std::log(0.625 * 0.5625), 1e-15);
}

TEST(Parzen, WithoutObservationsAllPlacesAreEqual) {
    const Parzen parzen({5}, 2.0);
    for (std::uint16_t place = 0; place < 5; ++place) EXPECT_DOUBLE_EQ(parzen.probability(0, place), 0.2);
}

TEST(Parzen, DrawsAsOftenAsItSays) {
    Parzen parzen({3}, 1.0);
    for (int i = 0; i < 8; ++i) parzen.add({static_cast<std::uint16_t>(i < 6 ? 2 : 0)});
    Rng random(1);
    std::vector<int> drawn(3, 0);
    constexpr int kDraws = 30'000;
    for (int i = 0; i < kDraws; ++i) ++drawn[parzen.sample(random)[0]];
    for (std::uint16_t place = 0; place < 3; ++place) {
        EXPECT_NEAR(static_cast<double>(drawn[place]) / kDraws, parzen.probability(0, place), 0.01);
    }
}

}  // namespace
}  // namespace halftone
