// Constants that a file quantizes while it runs become their codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/exec_passes.hpp"
#include "support/rounding_net.hpp"

namespace halftone {
namespace {

using test::apply_pass;
using test::op_sequence;

struct FoldCodesNet : test::RoundingNet {
    FoldCodesNet() : RoundingNet({kSymbolic, 4}) {}
};

TEST(FoldCodes, AQuantizedConstantIsItsCodes) {
    FoldCodesNet n;
    const ValueId codes =
        n.constant("codes", Tensor::of<std::uint8_t>(Shape{4}, std::vector<std::uint8_t>{0, 9, 8, 1}));
    const ValueId back = n.dequantize("back", codes, 0.5F, 1);
    const ValueId again = n.quantize("again", back, 0.25F, 3);
    const Graph graph = n.typed(n.node("Identity", "out", {n.dequantize("d", again, 0.25F, 3)}));
    const auto folded = apply_pass("fold_codes", graph);
    ASSERT_TRUE(folded.has_value());
    EXPECT_EQ(op_sequence(*folded), "DequantizeLinear Identity");
    const Tensor& found = folded->value(folded->nodes()[0].inputs[0]).constant;
    EXPECT_THAT(found.as<std::uint8_t>(), testing::ElementsAre(1, 19, 17, 3));  // (q - 1) * 2 + 3
    EXPECT_FALSE(apply_pass("fold_codes", *folded).has_value());
}

TEST(FoldCodes, AQuantizedRealConstantIsItsCodes) {
    FoldCodesNet n;
    const ValueId row = n.constant("row", test::floats({-1, 0.26F, 0.24F, 100}));
    const Graph graph = n.typed(n.node("Add", "a", {n.x, n.rounded("r", row, 0.5F, 3)}));
    const auto folded = apply_pass("fold_codes", graph);
    ASSERT_TRUE(folded.has_value());
    const Tensor& codes = test::value_named(*folded, "r_q_out").constant;
    EXPECT_THAT(codes.as<std::uint8_t>(), testing::ElementsAre(1, 4, 3, 203));  // rint(v / 0.5) + 3
    EXPECT_EQ(op_sequence(*folded), "DequantizeLinear Add");
}

TEST(FoldCodes, WhatDependsOnAnInputStays) {
    FoldCodesNet n;
    EXPECT_FALSE(apply_pass("fold_codes", n.typed(n.rounded("r", n.x, 0.5F, 3))).has_value());
}

TEST(FoldCodes, ATappedGraphStaysAsItIs) {
    FoldCodesNet n;
    const ValueId row = n.constant("row", test::floats({-1, 0, 0, 1}));
    const Graph graph = n.typed(n.node("Add", "a", {n.x, n.rounded("r", row, 0.5F, 3)}));
    EXPECT_FALSE(apply_pass("fold_codes", graph, {*graph.find_value("a_out")}).has_value());
}

}  // namespace
}  // namespace halftone
