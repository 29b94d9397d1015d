#include "study/distances.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace halftone::study {
namespace {

ErrorSums sums_of(const std::vector<std::pair<float, float>>& pairs) {
    ErrorSums sums;
    for (const auto& [x, y] : pairs) sums.add(x, y);
    return sums;
}

TEST(Distances, SqnrIsTenTimesTheLogarithmOfSignalToNoise) {
    EXPECT_DOUBLE_EQ(sqnr_db(sums_of({{10, 9}})), 20);  // 100 to 1
    EXPECT_DOUBLE_EQ(sqnr_db(sums_of({{1, 0}, {0, 0}})), 0);
}

TEST(Distances, SqnrOfEqualValuesIsInfinite) {
    EXPECT_TRUE(std::isinf(sqnr_db(sums_of({{1, 1}}))));
    EXPECT_TRUE(std::isinf(sqnr_db({})));
}

TEST(Distances, CosineIsThatOfTheAngle) {
    EXPECT_DOUBLE_EQ(cosine(sums_of({{3, 6}, {4, 8}})), 1);
    EXPECT_DOUBLE_EQ(cosine(sums_of({{1, 0}, {0, 1}})), 0);
    EXPECT_DOUBLE_EQ(cosine(sums_of({{3, 4}, {4, 3}})), 0.96);  // 24 / 25
}

TEST(Distances, CosineWithAZeroVectorIsDefined) {
    EXPECT_EQ(cosine(sums_of({{0, 0}})), 1);
    EXPECT_EQ(cosine(sums_of({{0, 1}})), 0);
    EXPECT_EQ(cosine(sums_of({{1, 0}})), 0);
}

}  // namespace
}  // namespace halftone::study
