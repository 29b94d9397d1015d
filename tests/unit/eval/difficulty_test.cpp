#include "eval/difficulty.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace halftone {
namespace {

using ::testing::ElementsAre;

TEST(Difficulty, WrongIsZeroAndMarginsRise) {
    const std::vector<float> margins{3.0F, -1.0F, 0.5F, std::numeric_limits<float>::quiet_NaN(), 0.0F};
    const std::string text = difficulty_text(margins);
    ASSERT_EQ(text.size(), 5U);
    EXPECT_EQ(text[1], '0');
    EXPECT_EQ(text[3], '0') << "NaN is not right";
    EXPECT_EQ(text[4], '1');
    EXPECT_LT(text[4], text[2]);
    EXPECT_LT(text[2], text[0]);
}

TEST(Difficulty, OrdersHardestFirstAndKeepsTies) { EXPECT_THAT(hardest_first("a0a10"), ElementsAre(1, 4, 3, 0, 2)); }

TEST(Difficulty, EqualMarginsAreEquallyHard) {
    EXPECT_EQ(difficulty_text(std::vector<float>(4, 2.0F)), "1111");
    EXPECT_EQ(difficulty_text(std::vector<float>{}), "");
}

TEST(Difficulty, ManySamplesUseEveryClass) {
    std::vector<float> margins;
    for (int i = 0; i < 1000; ++i) margins.push_back(static_cast<float>(i));
    std::string text = difficulty_text(margins);
    EXPECT_TRUE(std::is_sorted(text.begin(), text.end()));
    text.erase(std::unique(text.begin(), text.end()), text.end());
    EXPECT_EQ(text.size(), 61U);
}

}  // namespace
}  // namespace halftone
