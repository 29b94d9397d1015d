#include "graph/graph.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "support/graph_helpers.hpp"

namespace halftone::test {
namespace {

struct Variation {
    std::string input = "x";
    std::string node = "conv";
    float weight = 1.0F;
    std::int64_t stride = 1;
    std::int64_t height = 8;
    std::string op = "Conv";
};

std::uint64_t hash_with(const Variation& v) {
    GraphMaker g;
    const ValueId x = g.input(v.input, {kSymbolic, 1, v.height, 8});
    const ValueId w = g.constant("w", floats({1, 1, 1, 1}, {v.weight}));
    return hash_of(g.build({g.node(v.op, v.node, {x, w}, {{"strides", std::vector<std::int64_t>{v.stride, 1}}}, "y")}));
}

TEST(HashOfGraph, IsTheSameForTheSameGraph) { EXPECT_EQ(hash_with({}), hash_with({})); }

TEST(HashOfGraph, ChangesWithNamesOpsAttributesTypesAndConstants) {
    const std::uint64_t base = hash_with({});
    EXPECT_NE(base, hash_with({.input = "z"}));
    EXPECT_NE(base, hash_with({.node = "conv2"}));
    EXPECT_NE(base, hash_with({.weight = 2.0F}));
    EXPECT_NE(base, hash_with({.stride = 2}));
    EXPECT_NE(base, hash_with({.height = 9}));
    EXPECT_NE(base, hash_with({.op = "Mul"}));
}

TEST(HashOfGraph, DoesNotDependOnTheOrderInWhichValuesWereMade) {
    const auto hash = [](bool weight_first) {
        GraphMaker g;
        ValueId w;
        if (weight_first) w = g.constant("w", floats({1.0F}));
        const ValueId x = g.input("x", {1});
        if (!weight_first) w = g.constant("w", floats({1.0F}));
        return hash_of(g.build({g.node("Mul", "m", {x, w})}));
    };
    EXPECT_EQ(hash(true), hash(false));
}

TEST(Attributes, GiveTheFallbackWhenAbsent) {
    const Node node{.name = "c", .op = "Conv", .inputs = {}, .outputs = {}, .attributes = {{"group", std::int64_t{4}}}};
    EXPECT_EQ(int_attribute(node, "group", 1), 4);
    EXPECT_EQ(int_attribute(node, "other", 1), 1);
    EXPECT_EQ(ints_attribute(node, "pads", {1, 2}), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(string_attribute(node, "auto_pad", "NOTSET"), "NOTSET");
    EXPECT_EQ(float_attribute(node, "alpha", 0.5F), 0.5F);
}

TEST(Attributes, OfAnotherTypeAreRefusedByName) {
    const Node node{.name = "c", .op = "Conv", .inputs = {}, .outputs = {}, .attributes = {{"group", 4.0F}}};
    EXPECT_THAT([&] { (void)int_attribute(node, "group", 1); },
                testing::ThrowsMessage<ModelError>("Conv node 'c': attribute 'group' must be an integer"));
}

}  // namespace
}  // namespace halftone::test
