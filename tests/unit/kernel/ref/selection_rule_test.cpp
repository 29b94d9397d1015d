// Shape rules and refusals of operators that select, scatter or name dimensions; their numbers are ONNX's own cases
// (tests/conformance). Sizes and indices come from files of strangers.

#include <gmock/gmock.h>

#include <limits>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;
using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kHugeNumber = std::numeric_limits<std::int64_t>::max();
constexpr float kEndless = std::numeric_limits<float>::infinity();
constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

/// The first output of a node whose inputs are all constants.
Tensor evaluated(const std::string& type, const std::vector<Tensor>& inputs,
                 const Attributes& attributes = Attributes(), std::size_t outputs = 1) {
    OpCase test{.op = type, .inputs = {}, .attributes = attributes, .outputs = outputs};
    for (const Tensor& input : inputs) test.inputs.push_back(input.shape());
    const Node node = node_of(test);
    OpContext op{.node = node, .inputs = {}, .constants = {}};
    for (const Tensor& input : inputs) {
        op.inputs.push_back(input.type());
        op.constants.push_back(&input);
    }
    return reference_ops().evaluate(op, inputs).at(outputs - 1);
}

TEST(TopKRule, TakesKPlacesOfOneAxis) {
    EXPECT_EQ(inferred({.op = "TopK", .inputs = {{-1, 10}, {1}}, .constants = {{1, int64s({3})}}}), "[N,3]");
    for (const std::int64_t k : {std::int64_t{11}, std::int64_t{-1}, kHugeNumber}) {
        EXPECT_THAT(refusal({.op = "TopK", .inputs = {{-1, 10}, {1}}, .constants = {{1, int64s({k})}}}),
                    HasSubstr("does not fit an axis of 10"));
    }
    EXPECT_THAT(refusal({.op = "TopK",
                         .inputs = {{-1, 10}, {1}},
                         .attributes = {{"axis", std::int64_t{0}}},
                         .constants = {{1, int64s({1})}}}),
                HasSubstr("symbolic batch"));
}

TEST(TopK, PutsNanFirstAndKeepsTheOrderOfEqualNumbers) {
    const Tensor x = floats({1, kNoNumber, 3, 3, -kEndless});
    EXPECT_THAT(values<std::int64_t>(evaluated("TopK", {x, int64s({4})}, {}, 2)), testing::ElementsAre(1, 2, 3, 0));
    EXPECT_THAT(values<std::int64_t>(evaluated("TopK", {x, int64s({5})}, {{"largest", std::int64_t{0}}}, 2)),
                testing::ElementsAre(4, 0, 2, 3, 1));
}

TEST(OneHotRule, RefusesADepthThatIsNoSize) {
    const OpCase good{.op = "OneHot", .inputs = {{-1}, {}, {2}}, .constants = {{1, Tensor::scalar(5.0F)}}};
    EXPECT_EQ(inferred(good), "[N,5]");
    for (const float depth : {-1.0F, kEndless, 1e12F}) {
        OpCase bad = good;
        bad.constants[1] = Tensor::scalar(depth);
        EXPECT_THAT(refusal(bad), HasSubstr("is no size"));
    }
}

TEST(Scatter, RefusesIndicesOutsideOfTheData) {
    const Tensor data = floats({1, 2, 3});
    const Tensor update = floats({9});
    for (const std::int64_t index : {std::int64_t{3}, std::int64_t{-4}, kHugeNumber}) {
        EXPECT_THROW((void)evaluated("ScatterElements", {data, int64s({index}), update}), ModelError);
        EXPECT_THROW((void)evaluated("ScatterND", {data, Tensor::of<std::int64_t>({1, 1}, Ints{index}), update}),
                     ModelError);
        EXPECT_THROW((void)evaluated("GatherND", {data, Tensor::of<std::int64_t>({1, 1}, Ints{index})}), ModelError);
    }
    EXPECT_THAT(values<float>(evaluated("ScatterElements", {data, int64s({-1}), update})),
                testing::ElementsAre(1, 2, 9));
    EXPECT_THAT(refusal({.op = "ScatterND",
                         .inputs = {{3}, {1, 2}, {1}},
                         .constants = {{1, Tensor::of<std::int64_t>({1, 2}, Ints{0, 0})}}}),
                HasSubstr("do not fit data"));
}

TEST(NonZeroRule, NeedsAKnownInput) {
    EXPECT_EQ(inferred({.op = "NonZero", .inputs = {{4}}, .constants = {{0, floats({0, 1, 0, 2})}}}), "[1,2]");
    EXPECT_THAT(refusal({.op = "NonZero", .inputs = {{4}}}), HasSubstr("must be a constant"));
}

OpCase einsum(const std::string& equation, std::vector<Shape> inputs) {
    return {.op = "Einsum", .inputs = std::move(inputs), .attributes = {{"equation", equation}}};
}

TEST(EinsumRule, NamesTheDimensionsOfTheOutput) {
    EXPECT_EQ(inferred(einsum("bij,bjk->bik", {{-1, 2, 3}, {-1, 3, 4}})), "[N,2,4]");
    EXPECT_EQ(inferred(einsum("...ij,...jk", {{-1, 2, 3}, {3, 4}})), "[N,2,4]");
    EXPECT_EQ(inferred(einsum("ii->i", {{3, 3}})), "[3]");
    EXPECT_EQ(inferred(einsum("b a -> ab", {{2, 3}})), "[3,2]");
}

TEST(EinsumRule, RefusesEquationsThatMeanNothing) {
    EXPECT_THAT(refusal(einsum("ij,jk->ik", {{2, 3}})), HasSubstr("2 terms for 1 inputs"));
    EXPECT_THAT(refusal(einsum("ij->ik", {{2, 3}})), HasSubstr("a new one"));
    EXPECT_THAT(refusal(einsum("ij->ii", {{2, 3}})), HasSubstr("twice"));
    EXPECT_THAT(refusal(einsum("i1->i", {{2, 3}})), HasSubstr("no list of letters"));
    EXPECT_THAT(refusal(einsum("ijk->i", {{2, 3}})), HasSubstr("does not fit rank 2"));
    EXPECT_THAT(refusal(einsum("ij,ij->i", {{2, 3}, {2, 4}})), HasSubstr("the sizes of a label differ"));
    EXPECT_THAT(refusal(einsum("bi->i", {{-1, 3}})), HasSubstr("symbolic batch"));
    EXPECT_THAT(refusal(einsum(std::string(100, 'a'), {{2, 3}})), HasSubstr("more than 32 letters"));
    // Three short operands, 2^60 products.
    const std::int64_t edge = std::int64_t{1} << 20;
    EXPECT_THAT(refusal(einsum("a,b,c->", {{edge}, {edge}, {edge}})), HasSubstr("more than 2^32 products"));
}

TEST(AttentionRule, ChecksItsHeads) {
    const auto attention = [](std::int64_t heads) {
        return OpCase{.op = "Attention",
                      .inputs = {{-1, 4, 12}, {-1, 6, 12}, {-1, 6, 24}},
                      .attributes = {{"q_num_heads", heads}, {"kv_num_heads", heads}}};
    };
    EXPECT_EQ(inferred(attention(3)), "[N,4,24]");
    for (const std::int64_t heads : {std::int64_t{0}, std::int64_t{-3}, std::int64_t{5}, kHugeNumber}) {
        EXPECT_THAT(refusal(attention(heads)), testing::StartsWith("Attention node 'n'")) << heads;
    }
}

TEST(GroupNormalizationRule, TakesScalesOfChannelsOrGroups) {
    const auto norm = [](std::int64_t groups, std::int64_t scales) {
        return OpCase{.op = "GroupNormalization",
                      .inputs = {{-1, 6, 4, 4}, {scales}, {scales}},
                      .attributes = {{"num_groups", groups}}};
    };
    EXPECT_EQ(inferred(norm(2, 6)), "[N,6,4,4]");
    EXPECT_EQ(inferred(norm(2, 2)), "[N,6,4,4]");
    EXPECT_THAT(refusal(norm(2, 3)), HasSubstr("neither one value for each channel"));
    EXPECT_THAT(refusal(norm(4, 6)), HasSubstr("does not divide"));
    EXPECT_THAT(refusal(norm(0, 6)), HasSubstr("does not divide"));
}

TEST(DynamicQuantizeLinear, HoldsZeroInItsRange) {
    // 2.55 / 255 = 0.01; all numbers are positive, so the range begins at 0 and the zero point is 0.
    const Tensor x = floats({0.5F, 2.55F});
    EXPECT_THAT(values<std::uint8_t>(evaluated("DynamicQuantizeLinear", {x}, {}, 3)), testing::ElementsAre(0));
    OpCase test{.op = "DynamicQuantizeLinear", .inputs = {{2}}, .outputs = 3};
    EXPECT_EQ(infer(test)[0].dtype, DType::u8);
    test.outputs = 1;
    EXPECT_THAT(refusal(test), HasSubstr("must have 3 outputs"));
}

TEST(SliceRule, TakesLargeNumbersAsTheEndOfTheBatch) {
    for (const std::int64_t end : {std::int64_t{2147483647}, std::int64_t{1000000000}, kHugeNumber}) {
        EXPECT_EQ(inferred({.op = "Slice",
                            .inputs = {{-1, 8}, {1}, {1}, {1}},
                            .constants = {{1, int64s({0})}, {2, int64s({end})}, {3, int64s({0})}}}),
                  "[N,8]");
    }
    EXPECT_THAT(refusal({.op = "Slice",
                         .inputs = {{-1, 8}, {1}, {1}, {1}},
                         .constants = {{1, int64s({0})}, {2, int64s({1000})}, {3, int64s({0})}}}),
                HasSubstr("cannot cut the symbolic batch"));
}

}  // namespace
}  // namespace halftone::test
