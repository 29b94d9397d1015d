// Steps on fp32: fused clamp, residual and quantization. Numbers by hand.

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "op_case.hpp"

namespace halftone::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ints = std::vector<std::int64_t>;

/// A 1x1 convolution of one channel, weight 2, bias 1, over four pixels.
struct Pointwise {
    Node node = node_of({.op = "Conv", .inputs = {{}, {}, {}}});
    KernelRequest request{.node = &node,
                          .inputs = {real_port({1, 1, 2, 2})},
                          .outputs = {real_port({1, 1, 2, 2})},
                          .weight = {.values = floats({1, 1, 1, 1}, {2})},
                          .bias = floats({1.0F})};
    Tensor x = floats({1, 1, 2, 2}, {-2, -1, 0, 3});
};

TEST(ConvStep, IsTheConvolutionAlone) {
    const Pointwise conv;
    EXPECT_THAT(values<float>(run_step(conv.request, {conv.x})), ElementsAre(-3, -1, 1, 7));
}

TEST(ConvStep, AddsTheResidualBeforeTheClamp) {
    Pointwise conv;
    conv.request.epilogue.has_residual = true;
    conv.request.inputs.push_back(real_port({1, 1, 2, 2}));
    conv.request.epilogue.clamp = {.low = 0, .high = 6};
    EXPECT_THAT(values<float>(run_step(conv.request, {conv.x, floats({1, 1, 2, 2}, {4, 0, 1, 1})})),
                ElementsAre(1, 0, 2, 6));
}

TEST(ConvStep, QuantizesItsResult) {
    Pointwise conv;
    conv.request.outputs = {code_port(DType::u8, {1, 1, 2, 2}, 0.5F, 2)};
    EXPECT_THAT(values<std::uint8_t>(run_step(conv.request, {conv.x})), ElementsAre(0, 0, 4, 16));
}

TEST(ConvStep, WorksWithoutABias) {
    Pointwise conv;
    conv.request.bias = {};
    EXPECT_THAT(values<float>(run_step(conv.request, {conv.x})), ElementsAre(-4, -2, 0, 6));
}

TEST(ConvStep, SaysWhatItCannotDo) {
    Pointwise conv;
    conv.request.outputs = {real_port({1, 1, 2, 3})};
    EXPECT_THAT(why_not(conv.request), HasSubstr("output [1,1,2,3] is not what the rule gives, [1,1,2,2]"));
    Pointwise with_wrong_residual;
    with_wrong_residual.request.epilogue.has_residual = true;
    with_wrong_residual.request.inputs.push_back(real_port({1, 1, 2, 1}));
    EXPECT_THAT(why_not(with_wrong_residual.request), HasSubstr("residual"));
}

TEST(ConvStep, LivesLongerThanItsNode) {
    std::unique_ptr<Primitive> primitive;
    const Tensor x = floats({1, 1, 2, 2}, {1, 2, 3, 4});
    {
        const Pointwise conv;
        primitive = find_op(Backend::ref, "Conv")->build(conv.request, {});
    }
    Tensor y({DType::f32, {1, 1, 2, 2}});
    const std::byte* in = x.view().data;
    std::byte* out = y.mutable_view().data;
    primitive->execute(std::span(&in, 1), std::span(&out, 1), nullptr);
    EXPECT_THAT(values<float>(y), ElementsAre(3, 5, 7, 9));
    EXPECT_EQ(primitive->implementation(), "ref");
}

TEST(GemmStep, ClampsAndAddsTheResidual) {
    const Node node = node_of({.op = "Gemm", .inputs = {{}, {}, {}}, .attributes = {{"transB", std::int64_t{1}}}});
    KernelRequest request{.node = &node,
                          .inputs = {real_port({1, 2}), real_port({1, 3})},
                          .outputs = {real_port({1, 3})},
                          .weight = {.values = floats({3, 2}, {1, 0, 0, 1, 1, 1})},
                          .bias = floats({10, 20, 30}),
                          .epilogue = {.has_residual = true, .clamp = {.low = 0, .high = 30}}};
    EXPECT_THAT(values<float>(run_step(request, {floats({1, 2}, {1, 2}), floats({1, 3}, {-20, 1, 1})})),
                ElementsAre(0, 23, 30));
}

TEST(AddStep, ClampsARealSum) {
    const Node node = node_of({.op = "Add", .inputs = {{}, {}}});
    const KernelRequest request{.node = &node,
                                .inputs = {real_port({2, 2}), real_port({2})},
                                .outputs = {real_port({2, 2})},
                                .epilogue = {.clamp = {.low = 0}}};
    EXPECT_THAT(values<float>(run_step(request, {floats({2, 2}, {1, 2, -3, -4}), floats({1, 3})})),
                ElementsAre(2, 5, 0, 0));
}

TEST(AddStep, TakesAConstantOperand) {
    const Node node = node_of({.op = "Add", .inputs = {{}, {}}});
    const KernelRequest request{.node = &node,
                                .inputs = {real_port({2})},
                                .outputs = {real_port({2})},
                                .epilogue = {.clamp = {.low = 0}},
                                .constants = {Tensor(), floats({-5, 5})}};
    EXPECT_THAT(values<float>(run_step(request, {floats({1, 2})})), ElementsAre(0, 7));
}

TEST(ReluStep, KeepsNaN) {
    const Node node = node_of({.op = "Relu", .inputs = {{}}});
    const KernelRequest request{.node = &node, .inputs = {real_port({3})}, .outputs = {real_port({3})}};
    const auto y = values<float>(run_step(request, {floats({-1, std::numeric_limits<float>::quiet_NaN(), 2})}));
    EXPECT_EQ(y[0], 0.0F);
    EXPECT_TRUE(std::isnan(y[1]));
    EXPECT_EQ(y[2], 2.0F);
}

TEST(ReluStep, CannotBeFused) {
    const Node node = node_of({.op = "Relu", .inputs = {{}}});
    KernelRequest request{
        .node = &node, .inputs = {real_port({3})}, .outputs = {real_port({3})}, .epilogue = {.clamp = {.low = 0}}};
    EXPECT_THAT(why_not(request), HasSubstr("is not fused"));
    request.epilogue.clamp = {};
    request.inputs = {code_port(DType::u8, {3}, 1.0F, 0)};
    EXPECT_THAT(why_not(request), HasSubstr("no int8 kernel for Relu"));
}

TEST(ClipStep, ReadsItsBoundsFromConstants) {
    Node node = node_of({.op = "Clip", .inputs = {{}, {}, {}}});
    node.inputs[1] = {};  // no minimum
    const KernelRequest request{.node = &node,
                                .inputs = {real_port({3})},
                                .outputs = {real_port({3})},
                                .constants = {Tensor(), Tensor(), Tensor::scalar(6.0F)}};
    EXPECT_THAT(values<float>(run_step(request, {floats({-7, 3, 9})})), ElementsAre(-7, 3, 6));
}

TEST(ReshapeStep, ReadsItsShapeFromAConstant) {
    const Node node = node_of({.op = "Reshape", .inputs = {{}, {}}});
    const KernelRequest request{.node = &node,
                                .inputs = {real_port({2, 3})},
                                .outputs = {real_port({3, 2})},
                                .constants = {Tensor(), int64s({3, -1})}};
    EXPECT_EQ(run_step(request, {floats({2, 3}, {1, 2, 3, 4, 5, 6})}).shape(), (Shape{3, 2}));
}

TEST(MaxPoolStep, AWindowThatMeetsNoElementGivesTheLowestValue) {
    // Its two taps are at -1 and 2 of an input of width 2: both outside.
    const Attributes attributes{{"kernel_shape", Ints{2}}, {"dilations", Ints{3}}, {"pads", Ints{1, 1}}};
    const Node node = node_of({.op = "MaxPool", .inputs = {{}}, .attributes = attributes});
    const KernelRequest request{.node = &node, .inputs = {real_port({1, 1, 2})}, .outputs = {real_port({1, 1, 1})}};
    EXPECT_THAT(values<float>(run_step(request, {floats({1, 1, 2}, {5, 6})})),
                ElementsAre(-std::numeric_limits<float>::infinity()));
}

TEST(AveragePoolStep, CountsPaddingOnlyWhenAsked) {
    Attributes attributes{{"kernel_shape", Ints{2}}, {"pads", Ints{1, 0}}};
    Node node = node_of({.op = "AveragePool", .inputs = {{}}, .attributes = attributes});
    const KernelRequest request{.node = &node, .inputs = {real_port({1, 1, 2})}, .outputs = {real_port({1, 1, 2})}};
    const Tensor x = floats({1, 1, 2}, {4, 8});
    EXPECT_THAT(values<float>(run_step(request, {x})), ElementsAre(4, 6));
    node.attributes["count_include_pad"] = std::int64_t{1};
    EXPECT_THAT(values<float>(run_step(request, {x})), ElementsAre(2, 6));
}

}  // namespace
}  // namespace halftone::test
