// Which field of a sample serves which name that a model or a metric asks for.
#include "tensor/field.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halftone {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

std::optional<std::vector<std::size_t>> match(const std::vector<std::string>& wanted,
                                              const std::vector<std::string>& names) {
    std::vector<Field> fields;
    for (const std::string& name : names) fields.push_back({.name = name});
    return match_fields(wanted, fields);
}

TEST(MatchFields, NamesDecideAndFurtherFieldsAreLeftAlone) {
    EXPECT_THAT(match({"ids", "mask"}, {"mask", "more", "ids"}), Optional(ElementsAre(2, 0)));
}

TEST(MatchFields, ThenWordsOfTheNames) {
    EXPECT_THAT(match({"style_input", "content_input"}, {"content", "style"}), Optional(ElementsAre(1, 0)));
    EXPECT_THAT(match({"net/style:0", "content"}, {"content", "style"}), Optional(ElementsAre(1, 0)));
}

TEST(MatchFields, WordsAreWholeAndDecideOnlyWhereEachNameHasOneOfItsOwn) {
    EXPECT_THAT(match({"styles", "contents"}, {"content", "style"}), Optional(ElementsAre(0, 1)))
        << "the order decides";
    EXPECT_THAT(match({"style_input", "x"}, {"content", "style"}), Optional(ElementsAre(0, 1)));
    EXPECT_THAT(match({"style_a", "style_b"}, {"style", "content"}), Optional(ElementsAre(0, 1)));
    EXPECT_THAT(match({"input_ids", "input_mask", "segment_ids"}, {"input_ids", "attention_mask", "token_type_ids"}),
                Optional(ElementsAre(0, 1, 2)));
}

TEST(MatchFields, LastTheOrderUnlessItWouldSwapNames) {
    EXPECT_THAT(match({"a", "b"}, {"x", "y"}), Optional(ElementsAre(0, 1)));
    EXPECT_EQ(match({"a", "b"}, {"x", "a"}), std::nullopt);
    EXPECT_EQ(match({"a"}, {"x", "y"}), std::nullopt);
}

}  // namespace
}  // namespace halftone
