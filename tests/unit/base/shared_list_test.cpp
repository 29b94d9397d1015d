#include "base/shared_list.hpp"

#include <gmock/gmock.h>

namespace halftone {
namespace {

using testing::ElementsAre;

TEST(SharedList, CopiesShareOneMemoryAndEqualListsDoNot) {
    const SharedList<int> list{3, 1, 2};
    const SharedList<int> copy = list;  // NOLINT(performance-unnecessary-copy-initialization): the copy is the subject
    const SharedList<int> equal(std::vector<int>{3, 1, 2});
    EXPECT_EQ(copy.identity(), list.identity());
    EXPECT_NE(equal.identity(), list.identity());
    EXPECT_EQ(equal, list);
    EXPECT_NE(list, (SharedList<int>{3, 1}));
    EXPECT_LT((SharedList<int>{3, 1}), list) << "in the order of vectors";
}

TEST(SharedList, ReadsAsAVector) {
    const SharedList<int> list{3, 1, 2};
    EXPECT_THAT(list, ElementsAre(3, 1, 2));
    const std::vector<int>& vector = list;
    EXPECT_THAT(vector, ElementsAre(3, 1, 2));
    EXPECT_EQ(list.front() * 100 + list[1] * 10 + list.back(), 312);
    EXPECT_TRUE(SharedList<int>().empty());
}

TEST(SharedList, WhatIsLeftOfAMovedOneCanBeRead) {
    SharedList<int> list{3, 1, 2};
    const SharedList<int> taken = std::move(list);  // NOLINT(performance-move-const-arg): it copies, on purpose
    EXPECT_THAT(taken, ElementsAre(3, 1, 2));
    list = taken;
    EXPECT_EQ(list.size(), 3U);
}

}  // namespace
}  // namespace halftone
