#include "base/registry.hpp"

#include <gtest/gtest.h>

namespace halftone {
namespace {

constexpr auto kNumbers = make_registry<int>({{"two", 2}, {"one", 1}, {"ten", 10}});
static_assert(*kNumbers.find("ten") == 10, "the table is made and searched by the compiler");

TEST(Registry, FindsEveryWordOfItsList) {
    for (const auto& row : kNumbers.rows()) {
        ASSERT_NE(kNumbers.find(row.word), nullptr) << row.word;
        EXPECT_EQ(*kNumbers.find(row.word), row.value);
    }
}

TEST(Registry, HasNoRowForOtherWords) {
    for (const char* word : {"", "on", "one ", "zero", "a", "zz"}) EXPECT_EQ(kNumbers.find(word), nullptr) << word;
}

TEST(Registry, KeepsTheOrderOfTheList) { EXPECT_EQ(kNumbers.words(), (std::vector<std::string>{"two", "one", "ten"})); }

TEST(Registry, RefusesAWordThatStandsTwice) {
    const std::array<RegistryRow<int>, 2> rows{{{"one", 1}, {"one", 2}}};
    EXPECT_THROW((Registry<int, 2>(rows)), std::invalid_argument);
}

}  // namespace
}  // namespace halftone
