// Texts of MXNet's attributes and what they stand for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "import/mxnet/attributes.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MxnetNode node_with(const std::string& text) {
    return {.op = "Convolution", .name = "c", .inputs = {}, .attributes = {{"key", text}}};
}

std::vector<std::int64_t> tuple_of(const std::string& text) {
    const MxnetNode node = node_with(text);
    return MxnetAttributes(node).integers("key");
}

TEST(MxnetAttributes, TuplesInEveryFormThatPythonWrote) {
    EXPECT_THAT(tuple_of("(3, 4)"), ElementsAre(3, 4));
    EXPECT_THAT(tuple_of("[3,4]"), ElementsAre(3, 4));
    EXPECT_THAT(tuple_of("(3,)"), ElementsAre(3));
    EXPECT_THAT(tuple_of("-3"), ElementsAre(-3));
    EXPECT_THAT(tuple_of("(3L, 4L)"), ElementsAre(3, 4)) << "Python 2";
    EXPECT_THAT(tuple_of("()"), IsEmpty());
    EXPECT_THAT(tuple_of("None"), IsEmpty());
}

TEST(MxnetAttributes, AnElementMayBeNoneWhereSliceAllowsIt) {
    const MxnetNode node = node_with("(None, 2)");
    EXPECT_THAT(MxnetAttributes(node).optional_integers("key"), ElementsAre(std::nullopt, 2));
    EXPECT_THROW((void)MxnetAttributes(node).integers("key"), ModelError);
}

TEST(MxnetAttributes, WhatIsMissingOrNoneHasTheFallback) {
    const MxnetNode node = node_with("None");
    const MxnetAttributes attributes(node);
    for (const char* key : {"key", "other"}) {
        EXPECT_EQ(attributes.integer(key, 7), 7);
        EXPECT_EQ(attributes.number(key, 0.5F), 0.5F);
        EXPECT_TRUE(attributes.flag(key, true));
        EXPECT_EQ(attributes.word(key, "max"), "max");
        EXPECT_FALSE(attributes.has(key));
    }
}

TEST(MxnetAttributes, NumbersAndFlags) {
    EXPECT_EQ(MxnetAttributes(node_with("x")).word("key", ""), "x");
    const MxnetNode number = node_with("1e-05");
    EXPECT_FLOAT_EQ(MxnetAttributes(number).number("key", 0.0F), 1e-5F);
    for (const auto& [text, value] : {std::pair{"True", true}, {"1", true}, {"False", false}, {"0", false}}) {
        const MxnetNode node = node_with(text);
        EXPECT_EQ(MxnetAttributes(node).flag("key", !value), value) << text;
    }
}

TEST(MxnetAttributes, AnotherKindOfTextIsRefusedWithNodeAndKey) {
    const MxnetNode node = node_with("(3, x)");
    const MxnetAttributes attributes(node);
    const auto refuses = [](const auto& read) {
        try {
            (void)read();
            FAIL();
        } catch (const ModelError& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr("Convolution node 'c': the attribute 'key'"));
        }
    };
    refuses([&] { return attributes.integers("key"); });
    refuses([&] { return attributes.integer("key", 0); });
    refuses([&] { return attributes.number("key", 0.0F); });
    refuses([&] { return attributes.flag("key", false); });
}

}  // namespace
}  // namespace halftone
