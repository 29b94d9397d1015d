// Shape rules: what comes out for a symbolic batch, and what is refused with which words. Sizes by hand from the
// formulas in ONNX's operator specification.

#include <gmock/gmock.h>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::HasSubstr;
constexpr std::int64_t N = kSymbolic;  // NOLINT(readability-identifier-naming): as in shapes
using Ints = std::vector<std::int64_t>;

OpCase conv(Shape input, Shape weight, Attributes attributes = {}) {
    return {.op = "Conv", .inputs = {std::move(input), std::move(weight)}, .attributes = std::move(attributes)};
}

OpCase pool(Shape input, Attributes attributes, const std::string& op = "MaxPool") {
    return {.op = op, .inputs = {std::move(input)}, .attributes = std::move(attributes)};
}

OpCase reshape(Shape input, const Ints& shape, std::int64_t allowzero = 0) {
    return {.op = "Reshape",
            .inputs = {std::move(input), {}},
            .attributes = {{"allowzero", allowzero}},
            .constants = {{1, int64s(shape)}}};
}

TEST(ConvRule, KeepsTheSymbolicBatch) { EXPECT_EQ(inferred(conv({N, 3, 28, 28}, {16, 3, 3, 3})), "[N,16,26,26]"); }

TEST(ConvRule, StridesPadsAndDilations) {
    const Attributes attributes{{"pads", Ints{1, 0, 2, 1}}, {"strides", Ints{2, 3}}, {"dilations", Ints{2, 1}}};
    // height (10 + 1 + 2 - 5) / 2 + 1 = 5, width (10 + 0 + 1 - 3) / 3 + 1 = 3
    EXPECT_EQ(inferred(conv({N, 3, 10, 10}, {4, 3, 3, 3}, attributes)), "[N,4,5,3]");
}

TEST(ConvRule, AutomaticPadding) {
    EXPECT_EQ(inferred(conv({1, 1, 7, 8}, {1, 1, 3, 3}, {{"auto_pad", "SAME_UPPER"}, {"strides", Ints{2, 2}}})),
              "[1,1,4,4]");
    EXPECT_EQ(inferred(conv({1, 1, 7, 8}, {1, 1, 3, 3}, {{"auto_pad", "SAME_LOWER"}, {"strides", Ints{3, 3}}})),
              "[1,1,3,3]");
    EXPECT_EQ(inferred(conv({1, 1, 7, 8}, {1, 1, 3, 3}, {{"auto_pad", "VALID"}, {"strides", Ints{2, 2}}})),
              "[1,1,3,3]");
}

TEST(ConvRule, OneAndThreeDimensions) {
    EXPECT_EQ(inferred(conv({N, 2, 10}, {5, 2, 3})), "[N,5,8]");
    EXPECT_EQ(inferred(conv({N, 2, 4, 5, 6}, {5, 2, 3, 3, 3})), "[N,5,2,3,4]");
}

TEST(ConvRule, Depthwise) {
    EXPECT_EQ(inferred(conv({N, 8, 5, 5}, {16, 1, 3, 3}, {{"group", std::int64_t{8}}})), "[N,16,3,3]");
}

TEST(ConvRule, NamesNodeAndReason) {
    EXPECT_THAT(
        refusal(conv({N, 4, 5, 5}, {8, 3, 3, 3})),
        HasSubstr("Conv node 'n': input 0 [N,4,5,5] has 4 channels, but weight [8,3,3,3] with group 1 needs 3"));
    EXPECT_THAT(refusal(conv({N, 4, 5, 5}, {9, 2, 3, 3}, {{"group", std::int64_t{2}}})), HasSubstr("does not divide"));
    EXPECT_THAT(refusal(conv({N, 4, 5, 5}, {8, 4, 3, 3}, {{"kernel_shape", Ints{5, 5}}})),
                HasSubstr("kernel_shape [5,5] is not that of weight [8,4,3,3]"));
    EXPECT_THAT(refusal(conv({N, 4, 5}, {8, 4, 3, 3})), HasSubstr("rank 4, needed 3"));
    EXPECT_THAT(refusal(conv({N, 4, 5, 5}, {8, 4, 7, 7})), HasSubstr("does not fit"));
    EXPECT_THAT(refusal(conv({N, 4, N, N}, {8, 4, 3, 3})), HasSubstr("spatial dimensions of [N,4,N,N] must be known"));
    EXPECT_THAT(refusal(conv({N, 4, 5, 5}, {8, 4, 3, 3}, {{"auto_pad", "SAME"}})), HasSubstr("auto_pad is 'SAME'"));
    OpCase integer = conv({N, 4, 5, 5}, {8, 4, 3, 3});
    integer.dtype = DType::s32;
    EXPECT_THAT(refusal(integer), HasSubstr("input 0 is int32, supported: fp32"));
    OpCase biased = conv({N, 4, 5, 5}, {8, 4, 3, 3});
    biased.inputs.push_back({7});
    EXPECT_THAT(refusal(biased), HasSubstr("bias [7] does not have 8 values"));
}

TEST(PoolRule, CeilModeAddsAWindow) {
    const Attributes floor{{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}};
    Attributes ceil = floor;
    ceil["ceil_mode"] = std::int64_t{1};
    EXPECT_EQ(inferred(pool({N, 1, 6, 6}, floor)), "[N,1,2,2]");
    EXPECT_EQ(inferred(pool({N, 1, 6, 6}, ceil)), "[N,1,3,3]");
}

TEST(PoolRule, CeilModeDropsAWindowThatStartsInThePadding) {
    // ceil((2 + 0 + 0 - 1) / 2) + 1 = 2 windows, the second of which would start at 2, past the input
    const Attributes attributes{{"kernel_shape", Ints{1, 1}}, {"strides", Ints{2, 2}}, {"ceil_mode", std::int64_t{1}}};
    EXPECT_EQ(inferred(pool({1, 1, 2, 2}, attributes)), "[1,1,1,1]");
}

TEST(PoolRule, RefusesPaddingAsWideAsTheKernel) {
    EXPECT_THAT(refusal(pool({N, 1, 6, 6}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}})),
                HasSubstr("are not less than kernel_shape"));
    EXPECT_THAT(refusal(pool({N, 1, 6, 6}, {}, "AveragePool")), HasSubstr("kernel_shape [] does not have the 2"));
}

TEST(GlobalAveragePoolRule, KeepsBatchAndChannels) {
    EXPECT_EQ(inferred({.op = "GlobalAveragePool", .inputs = {{N, 64, 7, 7}}}), "[N,64,1,1]");
}

TEST(FlattenRule, TheBatchCannotBeMerged) {
    EXPECT_EQ(inferred({.op = "Flatten", .inputs = {{N, 64, 2, 3}}}), "[N,384]");
    EXPECT_EQ(inferred({.op = "Flatten", .inputs = {{N, 1, 2, 3}}, .attributes = {{"axis", std::int64_t{2}}}}),
              "[N,6]");
    EXPECT_EQ(inferred({.op = "Flatten", .inputs = {{2, 3}}, .attributes = {{"axis", std::int64_t{0}}}}), "[1,6]");
    EXPECT_THAT(refusal({.op = "Flatten", .inputs = {{N, 64, 2}}, .attributes = {{"axis", std::int64_t{2}}}}),
                HasSubstr("the symbolic batch cannot be merged"));
}

TEST(ReshapeRule, KeepsTheBatchWhereverTheRestAgrees) {
    EXPECT_EQ(inferred(reshape({N, 64, 2, 3}, {0, -1})), "[N,384]");
    EXPECT_EQ(inferred(reshape({N, 64, 1, 1}, {-1, 64})), "[N,64]");
    EXPECT_EQ(inferred(reshape({N, 6}, {0, 2, 3})), "[N,2,3]");
    EXPECT_EQ(inferred(reshape({2, 3, 4}, {0, 2, -1})), "[2,2,6]");
    EXPECT_EQ(inferred(reshape({2, 0}, {0, 5}, 1)), "[0,5]");
}

TEST(ReshapeRule, NamesBothShapes) {
    EXPECT_THAT(refusal(reshape({N, 64}, {1, 64})), HasSubstr("Reshape node 'n': cannot reshape [N,64] to [1,64]"));
    EXPECT_THAT(refusal(reshape({N, 2, 64}, {-1, 64})), HasSubstr("cannot reshape [N,2,64] to [-1,64]"));
    EXPECT_THAT(refusal(reshape({2, 3}, {4, -1})), HasSubstr("cannot reshape"));
    EXPECT_THAT(refusal(reshape({2, 3}, {-1, -1})), HasSubstr("more than one -1"));
    EXPECT_THAT(refusal(reshape({2, 3}, {1, 1, 0})), HasSubstr("copies dimension 2"));
    EXPECT_THAT(refusal({.op = "Reshape", .inputs = {{2, 3}, {2}}, .constants = {}, .dtype = DType::s64}),
                HasSubstr("the input 'shape' must be a constant"));
}

TEST(AddRule, Broadcasts) {
    EXPECT_EQ(inferred({.op = "Add", .inputs = {{N, 3, 4}, {3, 1}}}), "[N,3,4]");
    EXPECT_EQ(inferred({.op = "Add", .inputs = {{1, 3}, {N, 1}}}), "[N,3]");
    EXPECT_THAT(refusal({.op = "Add", .inputs = {{N, 3}, {2, 3}}}), HasSubstr("[N,3] and [2,3] cannot be broadcast"));
}

TEST(GemmRule, TransposesAndBroadcastsC) {
    EXPECT_EQ(
        inferred({.op = "Gemm", .inputs = {{N, 64}, {10, 64}, {10}}, .attributes = {{"transB", std::int64_t{1}}}}),
        "[N,10]");
    EXPECT_THAT(refusal({.op = "Gemm", .inputs = {{N, 64}, {10, 64}}}),
                HasSubstr("input 0 [N,64] does not match input 1 [10,64]"));
    EXPECT_THAT(refusal({.op = "Gemm", .inputs = {{N, 64}, {64, 10}, {3, 10}}}), HasSubstr("cannot be broadcast"));
    EXPECT_THAT(refusal({.op = "Gemm", .inputs = {{64, N}, {N, 10}}}), HasSubstr("symbolic batch"));
}

TEST(MatMulRule, StacksOfMatrices) {
    EXPECT_EQ(inferred({.op = "MatMul", .inputs = {{N, 4, 5, 96}, {96, 7}}}), "[N,4,5,7]");
    EXPECT_EQ(inferred({.op = "MatMul", .inputs = {{3}, {3}}}), "[]");
    EXPECT_THAT(refusal({.op = "MatMul", .inputs = {{2, 3}, {2, 3}}}), HasSubstr("cannot be multiplied"));
}

TEST(ConcatRule, AddsUpAlongTheAxis) {
    const Attributes axis_1{{"axis", std::int64_t{1}}};
    EXPECT_EQ(inferred({.op = "Concat", .inputs = {{N, 3, 4}, {N, 5, 4}}, .attributes = axis_1}), "[N,8,4]");
    EXPECT_THAT(refusal({.op = "Concat", .inputs = {{N, 3, 4}, {N, 5, 6}}, .attributes = axis_1}),
                HasSubstr("differ outside axis 1"));
    EXPECT_THAT(refusal({.op = "Concat", .inputs = {{N, 3}, {N, 3}}, .attributes = {{"axis", std::int64_t{0}}}}),
                HasSubstr("along the symbolic batch"));
    EXPECT_THAT(refusal({.op = "Concat", .inputs = {{2}, {2}}}), HasSubstr("'axis' is missing"));
}

TEST(TransposeRule, MovesTheBatch) {
    EXPECT_EQ(inferred({.op = "Transpose", .inputs = {{N, 2, 3}}}), "[3,2,N]");
    EXPECT_THAT(refusal({.op = "Transpose", .inputs = {{N, 2, 3}}, .attributes = {{"perm", Ints{0, 1, 1}}}}),
                HasSubstr("perm [0,1,1] is not a permutation of 3 axes"));
}

TEST(SoftmaxRule, NeedsAKnownAxis) {
    EXPECT_EQ(inferred({.op = "Softmax", .inputs = {{N, 10}}}), "[N,10]");
    EXPECT_THAT(refusal({.op = "Softmax", .inputs = {{N, 10}}, .attributes = {{"axis", std::int64_t{-2}}}}),
                HasSubstr("along the symbolic batch"));
    EXPECT_THAT(refusal({.op = "Softmax", .inputs = {{N, 10}}, .attributes = {{"axis", std::int64_t{2}}}}),
                HasSubstr("axis 2 is outside a tensor of rank 2"));
}

TEST(QuantizeLinearRule, ReadsItsParameters) {
    const auto quantize = [](Tensor scale, Tensor zero_point) {
        return OpCase{.op = "QuantizeLinear",
                      .inputs = {{N, 3, 4}, {}, {}},
                      .constants = {{1, std::move(scale)}, {2, std::move(zero_point)}}};
    };
    const Tensor zero = Tensor::scalar<std::int8_t>(0);
    EXPECT_EQ(infer(quantize(Tensor::scalar(0.5F), zero))[0], (TensorType{DType::s8, {N, 3, 4}}));
    // [] and [1] are both one element: ONNX Runtime's quantizer mixes them.
    EXPECT_EQ(infer(quantize(floats({0.5F}), zero))[0], (TensorType{DType::s8, {N, 3, 4}}));
    EXPECT_EQ(infer(quantize(Tensor::scalar(0.5F), tensor<std::int8_t>({1}, {0})))[0].dtype, DType::s8);
    EXPECT_THAT(refusal(quantize(Tensor::scalar(0.0F), zero)), HasSubstr("scale 0.0 is not finite and > 0"));
    EXPECT_THAT(refusal(quantize(floats({1, 2}), tensor<std::int8_t>({2}, {0, 0}))),
                HasSubstr("2 scales for [N,3,4] along axis 1"));
    EXPECT_THAT(refusal(quantize(floats({1, 2, 3}), zero)),
                HasSubstr("zero point [] does not have the shape of scale [3]"));
    EXPECT_EQ(infer({.op = "QuantizeLinear", .inputs = {{N, 3}, {}}})[0], (TensorType{DType::u8, {N, 3}}))
        << "a scale that is made at run time";
}

TEST(DropoutRule, InferenceOnly) {
    EXPECT_EQ(infer({.op = "Dropout", .inputs = {{N, 3}}, .outputs = 2}).at(1).dtype, DType::boolean);
    Tensor is_training({DType::boolean, Shape{}});
    is_training.mutable_view().data[0] = std::byte{1};
    EXPECT_THAT(
        refusal(
            {.op = "Dropout", .inputs = {{N, 3}, {}, {}}, .constants = {{1, Tensor::scalar(0.5F)}, {2, is_training}}}),
        HasSubstr("training_mode is true"));
}

}  // namespace
}  // namespace halftone::test
