// Steps on codes: exact sums, then float(sum + bias) * (input scale * weight scale), clamp, quantization. All scales
// here are powers of two, so the expected values are exact; numbers by hand.

#include <gmock/gmock.h>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ints = std::vector<std::int64_t>;

QuantParams weight_scales(std::vector<float> scales) {
    const std::size_t count = scales.size();
    return {.dtype = DType::s8, .scale = std::move(scales), .zero_point = std::vector<std::int32_t>(count, 0)};
}

/// Two output channels over one pixel of two channels: x = (code - 10) * 0.5.
struct TwoChannels {
    Node node = node_of({.op = "Conv", .inputs = {{}, {}, {}}});
    KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::u8, {1, 2, 1, 1}, 0.5F, 10)},
        .outputs = {real_port({1, 2, 1, 1})},
        .weight = {.values = tensor<std::int8_t>({2, 2, 1, 1}, {1, 2, 3, -4}), .params = weight_scales({0.25F, 2.0F})},
        .bias = tensor<std::int32_t>({2}, {8, -1})};
    Tensor x = tensor<std::uint8_t>({1, 2, 1, 1}, {12, 13});  // real 1 and 1.5
};

TEST(Int8Conv, PerChannelScalesAndBias) {
    const TwoChannels conv;
    // (2*1 + 3*2 + 8) * 0.5 * 0.25 = 2;  (2*3 - 3*4 - 1) * 0.5 * 2 = -7
    EXPECT_THAT(values<float>(run_step(conv.request, {conv.x})), ElementsAre(2, -7));
}

TEST(Int8Conv, ClampsRealValuesAndThenQuantizes) {
    TwoChannels conv;
    conv.request.epilogue.clamp = {.low = -3, .high = 6};
    conv.request.outputs = {code_port(DType::s8, {1, 2, 1, 1}, 0.5F, -4)};
    EXPECT_THAT(values<std::int8_t>(run_step(conv.request, {conv.x})), ElementsAre(0, -10));
}

TEST(Int8Conv, SaturatesItsCodes) {
    TwoChannels conv;
    conv.request.outputs = {code_port(DType::u8, {1, 2, 1, 1}, 0.0078125F, 3)};
    EXPECT_THAT(values<std::uint8_t>(run_step(conv.request, {conv.x})), ElementsAre(255, 0));
}

TEST(Int8Conv, PaddingHoldsTheZeroPoint) {
    const Node node = node_of({.op = "Conv", .inputs = {{}, {}}, .attributes = {{"pads", Ints{1, 1, 1, 1}}}});
    const KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::u8, {1, 1, 1, 1}, 1.0F, 77)},
        .outputs = {real_port({1, 1, 1, 1})},
        .weight = {.values = tensor<std::int8_t>({1, 1, 3, 3}, std::vector<std::int8_t>(9, 100)),
                   .params = weight_scales({1.0F})}};
    EXPECT_THAT(values<float>(run_step(request, {tensor<std::uint8_t>({1, 1, 1, 1}, {79})})), ElementsAre(200));
}

TEST(Int8Conv, SignedActivationsAndGroups) {
    const Node node = node_of({.op = "Conv", .inputs = {{}, {}}, .attributes = {{"group", std::int64_t{2}}}});
    const KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::s8, {1, 2, 1, 1}, 1.0F, -1)},
        .outputs = {real_port({1, 2, 1, 1})},
        .weight = {.values = tensor<std::int8_t>({2, 1, 1, 1}, {-128, 127}), .params = weight_scales({1.0F})}};
    EXPECT_THAT(values<float>(run_step(request, {tensor<std::int8_t>({1, 2, 1, 1}, {-128, 127})})),
                ElementsAre(127 * 128, 128 * 127));
}

/// u8 = 255 against s8 = 127: 16-bit intermediate sums would saturate at 32767.
TEST(Int8Conv, DoesNotSaturateInBetween) {
    const Node node = node_of({.op = "Conv", .inputs = {{}, {}}});
    const KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::u8, {1, 2, 1, 1}, 1.0F, 0)},
        .outputs = {real_port({1, 1, 1, 1})},
        .weight = {.values = tensor<std::int8_t>({1, 2, 1, 1}, {127, 127}), .params = weight_scales({1.0F})}};
    EXPECT_THAT(values<float>(run_step(request, {tensor<std::uint8_t>({1, 2, 1, 1}, {255, 255})})), ElementsAre(64770));
}

/// 100,000 terms of 255 * -128 pass the range of int32.
TEST(Int8Conv, LongSumsAreExact) {
    constexpr std::int64_t kTerms = 100'000;
    const auto count = static_cast<std::size_t>(kTerms);
    const Node node = node_of({.op = "Conv", .inputs = {{}, {}}});
    const KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::u8, {1, kTerms, 1}, 1.0F, 0)},
        .outputs = {real_port({1, 1, 1})},
        .weight = {.values = tensor<std::int8_t>({1, kTerms, 1}, std::vector<std::int8_t>(count, -128)),
                   .params = weight_scales({1.0F})}};
    const Tensor x = tensor<std::uint8_t>({1, kTerms, 1}, std::vector<std::uint8_t>(count, 255));
    EXPECT_THAT(values<float>(run_step(request, {x})), ElementsAre(-3264000000.0F));
}

TEST(Int8Conv, SaysWhatItCannotDo) {
    TwoChannels wrong_bias;
    wrong_bias.request.bias = floats({1, 2});
    EXPECT_THAT(why_not(wrong_bias.request), HasSubstr("the bias is not int32"));
    TwoChannels wrong_scales;
    wrong_scales.request.weight.params = weight_scales({1, 2, 3});
    EXPECT_THAT(why_not(wrong_scales.request), HasSubstr("one scale for each output channel"));
    TwoChannels with_zero_points;
    with_zero_points.request.weight.params->zero_point = {1, 0};
    EXPECT_THAT(why_not(with_zero_points.request), HasSubstr("zero points"));
    TwoChannels with_residual;
    with_residual.request.epilogue.has_residual = true;
    with_residual.request.inputs.push_back(real_port({1, 2, 1, 1}));
    EXPECT_THAT(why_not(with_residual.request), HasSubstr("fp32 only"));
    TwoChannels real_input;
    real_input.request.inputs = {real_port({1, 2, 1, 1})};
    EXPECT_THAT(why_not(real_input.request), HasSubstr("neither both fp32 nor both int8"));
}

TEST(Int8Gemm, BothOrientationsOfTheWeightAgree) {
    for (const bool is_transposed : {false, true}) {
        const Node node = node_of({.op = "Gemm",
                                   .inputs = {{}, {}, {}},
                                   .attributes = {{"transB", static_cast<std::int64_t>(is_transposed)}}});
        const auto weight = is_transposed ? tensor<std::int8_t>({2, 3}, {1, 2, 3, -1, 0, 1})
                                          : tensor<std::int8_t>({3, 2}, {1, -1, 2, 0, 3, 1});
        const KernelRequest request{.node = &node,
                                    .inputs = {code_port(DType::u8, {2, 3}, 0.5F, 1)},
                                    .outputs = {real_port({2, 2})},
                                    .weight = {.values = weight, .params = weight_scales({2.0F, 4.0F})},
                                    .bias = tensor<std::int32_t>({2}, {10, 0})};
        // codes less 1: (0 1 2) and (4 3 2)
        EXPECT_THAT(values<float>(run_step(request, {tensor<std::uint8_t>({2, 3}, {1, 2, 3, 5, 4, 3})})),
                    ElementsAre(18, 4, 26, -4));
    }
}

TEST(Int8Gemm, FactorsWeighProductAndBias) {
    const Node node = node_of({.op = "Gemm", .inputs = {{}, {}, {}}, .attributes = {{"alpha", 2.0F}, {"beta", 0.5F}}});
    const KernelRequest request{.node = &node,
                                .inputs = {code_port(DType::u8, {1, 1}, 0.5F, 0)},
                                .outputs = {real_port({1, 1})},
                                .weight = {.values = tensor<std::int8_t>({1, 1}, {3}), .params = weight_scales({1.0F})},
                                .bias = tensor<std::int32_t>({1}, {10})};
    // 2 * (4 * 3 * 0.5) + 0.5 * (10 * 0.5)
    EXPECT_THAT(values<float>(run_step(request, {tensor<std::uint8_t>({1, 1}, {4})})), ElementsAre(14.5F));
}

TEST(Int8Gemm, RefusesTransA) {
    const Node node = node_of({.op = "Gemm", .inputs = {{}, {}}, .attributes = {{"transA", std::int64_t{1}}}});
    const KernelRequest request{
        .node = &node,
        .inputs = {code_port(DType::u8, {1, 1}, 1.0F, 0)},
        .outputs = {real_port({1, 1})},
        .weight = {.values = tensor<std::int8_t>({1, 1}, {1}), .params = weight_scales({1.0F})}};
    EXPECT_THAT(why_not(request), HasSubstr("transA"));
}

TEST(Int8Add, DequantizesBothClampsAndQuantizes) {
    const Node node = node_of({.op = "Add", .inputs = {{}, {}}});
    const KernelRequest request{.node = &node,
                                .inputs = {code_port(DType::u8, {3}, 0.5F, 4), code_port(DType::s8, {3}, 2.0F, -1)},
                                .outputs = {code_port(DType::u8, {3}, 0.25F, 1)},
                                .epilogue = {.clamp = {.low = 0, .high = 5}}};
    // real -1, 1, 3 and 2, 0, 4: sums 1, 1, 7 -> clamped 1, 1, 5
    EXPECT_THAT(values<std::uint8_t>(
                    run_step(request, {tensor<std::uint8_t>({3}, {2, 6, 10}), tensor<std::int8_t>({3}, {0, -1, 1})})),
                ElementsAre(5, 5, 21));
}

TEST(Int8Add, OneOperandMayBeReal) {
    const Node node = node_of({.op = "Add", .inputs = {{}, {}}});
    const KernelRequest request{
        .node = &node, .inputs = {real_port({2}), code_port(DType::u8, {2}, 0.5F, 0)}, .outputs = {real_port({2})}};
    EXPECT_THAT(values<float>(run_step(request, {floats({1, 2}), tensor<std::uint8_t>({2}, {2, 4})})),
                ElementsAre(2, 4));
}

TEST(CodeMovers, MaxPoolFlattenAndReshapeCarryCodesThrough) {
    const Node pool =
        node_of({.op = "MaxPool", .inputs = {{}}, .attributes = {{"kernel_shape", Ints{2}}, {"pads", Ints{1, 0}}}});
    const KernelRequest pool_request{.node = &pool,
                                     .inputs = {code_port(DType::s8, {1, 1, 3}, 0.1F, 5)},
                                     .outputs = {code_port(DType::s8, {1, 1, 3}, 0.1F, 5)}};
    const Tensor x = tensor<std::int8_t>({1, 1, 3}, {-100, -120, 3});
    EXPECT_THAT(values<std::int8_t>(run_step(pool_request, {x})), ElementsAre(-100, -100, 3));

    const Node flatten = node_of({.op = "Flatten", .inputs = {{}}});
    const KernelRequest flatten_request{.node = &flatten,
                                        .inputs = {code_port(DType::s8, {1, 1, 3}, 0.1F, 5)},
                                        .outputs = {code_port(DType::s8, {1, 3}, 0.1F, 5)}};
    EXPECT_THAT(values<std::int8_t>(run_step(flatten_request, {x})), ElementsAre(-100, -120, 3));
}

TEST(CodeMovers, NeedTheSameParametersOnBothSides) {
    const Node flatten = node_of({.op = "Flatten", .inputs = {{}}});
    const KernelRequest request{.node = &flatten,
                                .inputs = {code_port(DType::u8, {1, 3}, 0.1F, 5)},
                                .outputs = {code_port(DType::u8, {1, 3}, 0.2F, 5)}};
    EXPECT_THAT(why_not(request), HasSubstr("differ"));
}

TEST(LinearStep, ParametersComeFromConstantsOrFromThePort) {
    const Node node = node_of({.op = "QuantizeLinear", .inputs = {{}, {}, {}}});
    KernelRequest request{.node = &node,
                          .inputs = {real_port({3})},
                          .outputs = {{.type = {DType::u8, {3}}}},
                          .constants = {Tensor(), Tensor::scalar(0.5F), Tensor::scalar<std::uint8_t>(10)}};
    const Tensor x = floats({-100, 0.25F, 1});
    EXPECT_THAT(values<std::uint8_t>(run_step(request, {x})), ElementsAre(0, 10, 12));  // 0.5 rounds to even
    request.constants.clear();
    request.outputs = {code_port(DType::u8, {3}, 0.5F, 10)};
    EXPECT_THAT(values<std::uint8_t>(run_step(request, {x})), ElementsAre(0, 10, 12));
}

TEST(LinearStep, DequantizesPerAxis) {
    const Node node =
        node_of({.op = "DequantizeLinear", .inputs = {{}, {}}, .attributes = {{"axis", std::int64_t{0}}}});
    const KernelRequest request{.node = &node,
                                .inputs = {{.type = {DType::s32, {2, 2}}}},
                                .outputs = {real_port({2, 2})},
                                .constants = {Tensor(), floats({0.5F, 4.0F})}};
    EXPECT_THAT(values<float>(run_step(request, {tensor<std::int32_t>({2, 2}, {1, 2, 3, -4})})),
                ElementsAre(0.5F, 1, 12, -16));
}

}  // namespace
}  // namespace halftone::test
