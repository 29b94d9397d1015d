// What the quantized graph computes, against integers worked out here. Letters: test vectors of the techniques' part E.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "support/random_net.hpp"

namespace halftone {
namespace {

using namespace test;
using ::testing::Each;
using ::testing::ElementsAreArray;

constexpr float kStep = 0.5F;  // input scale: the range below has 255 of them
constexpr std::int64_t kZeroPoint = 37;
constexpr Range kInputRange{-kStep * 37, kStep * 218};

/// Weights k * 0.25 with |k| <= 127 that reach 127: their scale is 0.25.
Tensor weights_on_a_grid(const Shape& shape, std::uint64_t seed) {
    Tensor weight(TensorType{DType::f32, shape});
    Rng rng(seed);
    const auto values = weight.mutable_view().as<float>();
    const std::size_t slice = values.size() / static_cast<std::size_t>(shape[0]);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto code = i % slice == 0 ? 127 : static_cast<int>(rng.below(255)) - 127;
        values[i] = 0.25F * static_cast<float>(code);
    }
    return weight;
}

// (b) Scales are powers of two, so every number of the chain is exact in float, and so must the result be.
TEST(QuantizedNumbers, PaddingHoldsTheZeroPoint) {
    const Tensor weight = weights_on_a_grid({3, 2, 3, 3}, 1);
    const std::vector<float> bias{1.0F, -7.125F, 0.125F};
    const Tensor x = random_tensor({1, 2, 5, 4}, 2, kInputRange.low, kInputRange.high);
    std::vector<float> expected;
    for (std::int64_t o = 0; o < 3; ++o) {
        for (std::int64_t row = 0; row < 5; ++row) {
            for (std::int64_t column = 0; column < 4; ++column) {
                std::int64_t sum = std::llround(bias[static_cast<std::size_t>(o)] / (kStep * 0.25F));
                for (std::int64_t c = 0; c < 2; ++c) {
                    for (std::int64_t k = 0; k < 9; ++k) {
                        const std::int64_t at_row = row + k / 3 - 1;
                        const std::int64_t at_column = column + k % 3 - 1;
                        if (at_row < 0 || at_row >= 5 || at_column < 0 || at_column >= 4) continue;  // real 0
                        const float value = x.as<float>()[static_cast<std::size_t>((c * 5 + at_row) * 4 + at_column)];
                        const auto code = static_cast<std::int64_t>(std::nearbyint(value / kStep)) + kZeroPoint;
                        const float w = weight.as<float>()[static_cast<std::size_t>((o * 2 + c) * 9 + k)];
                        sum += (code - kZeroPoint) * std::llround(w / 0.25F);
                    }
                }
                expected.push_back(static_cast<float>(sum) * kStep * 0.25F);
            }
        }
    }
    for (const Granularity granularity : {Granularity::per_tensor, Granularity::per_channel}) {
        GraphMaker g;
        const ValueId input = g.input("x", {kSymbolic, 2, 5, 4});
        const ValueId y =
            g.conv("c", input, weight, test::floats(bias), {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
        const QuantCase c(g.build({y}), {int8(Scheme::asym, granularity)}, {{"x", kInputRange}});
        const QuantizedModel model = c.apply();
        ASSERT_EQ(model.tensors[0].params,
                  (QuantParams{.dtype = DType::u8, .scale = {kStep}, .zero_point = {kZeroPoint}}));
        EXPECT_THAT(run_once(model.graph, x, Backend::ref), ElementsAreArray(expected));
        EXPECT_THAT(run_once(model.graph, x), ElementsAreArray(expected));
    }
}

// (a) 255 * 127 + 255 * 127 = 64,770 saturates the 16-bit sums of machines without VNNI.
TEST(QuantizedNumbers, TheLargestProductsDoNotSaturate) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 1, 1});
    const ValueId y = g.conv("c", x, test::floats({1, 2, 1, 1}, {127, 127}));
    const QuantCase c(g.build({y}), {kInt8}, {{"x", {0, 255}}});
    const Tensor input = test::floats({1, 2, 1, 1}, {255, 255});
    EXPECT_THAT(run_once(c.apply().graph, input), ElementsAreArray({64770.0F}));
    EXPECT_THAT(run_once(c.apply().graph, input, Backend::ref), ElementsAreArray({64770.0F}));
}

/// Depthwise convolution of two channels by one weight each.
QuantCase depthwise(float first_weight, float first_bias, Range range) {
    GraphMaker g;
    const ValueId x = g.input("x", {kSymbolic, 2, 1, 1});
    const ValueId y = g.conv("c", x, test::floats({2, 1, 1, 1}, {first_weight, 1.0F}), test::floats({first_bias, 0.0F}),
                             {{"group", std::int64_t{2}}});
    return {g.build({y}), {kInt8}, {{"x", range}}};
}

// (c) A channel that is almost zero keeps a scale of its own, and the bias of its channel its value.
TEST(QuantizedNumbers, AnAlmostEmptyChannelKeepsItsBias) {
    for (const float bias : {0.0F, 0.75F}) {
        const Graph graph = depthwise(1e-12F, bias, {0, 255}).apply().graph;
        const auto scales = value_named(graph, "c_w_scale").constant.as<float>();
        const auto least = std::max(1e-12 / 127, static_cast<double>(bias) / (2147483647.0 * 0.99));
        EXPECT_NEAR(scales[0], least, 1e-6 * least);
        const Tensor input = test::floats({1, 2, 1, 1}, {200, 3});
        for (const Backend backend : {Backend::ref, Backend::dnnl}) {
            const std::vector<float> y = run_once(graph, input, backend);
            EXPECT_NEAR(y[0], bias, 1e-6F);
            EXPECT_NEAR(y[1], 3.0F, 1e-5F);
        }
    }
}

// (d) ORT issue 22020: bias 5.0 with input x weight scale 3.9e-11 asks for a code of 1.3e11, far beyond int32.
TEST(QuantizedNumbers, AWeightScaleGrowsUntilTheBiasFitsInt32) {
    const float weight = 3.9e-11F * 127;  // the input's scale is 1
    const Graph graph = depthwise(weight, 5.0F, {0, 255}).apply().graph;
    const std::int32_t code = value_named(graph, "c_b_quantized").constant.as<std::int32_t>()[0];
    EXPECT_GT(code, 2'000'000'000);
    EXPECT_LE(code, static_cast<std::int32_t>(2147483647 * 0.991));
    EXPECT_NEAR(static_cast<double>(code) * static_cast<double>(test::floats_of(graph, "c_b_scale")[0]), 5.0, 1e-6);
    EXPECT_FLOAT_EQ(test::floats_of(graph, "c_w_scale")[1], 1.0F / 127);  // the other channel is as ever
    EXPECT_NEAR(run_once(graph, test::floats({1, 2, 1, 1}, {1, 1}))[0], 5.0F, 1e-6F);
}

TEST(QuantizedNumbers, ScalesStayNormalFloatsWhereInputAndWeightsAreTiny) {
    const Graph graph = depthwise(1e-30F, 0.0F, {0, 1e-20F}).apply().graph;
    EXPECT_THAT(test::floats_of(graph, "c_b_scale"), Each(::testing::Ge(std::numeric_limits<float>::min())));
    EXPECT_THAT(run_once(graph, test::floats({1, 2, 1, 1}, {0, 0})), Each(0.0F));
}

TEST(QuantizedNumbers, ScalesBeyondTheLargestFloatAreAModelErrorThatNamesTheUnit) {
    try {
        (void)depthwise(3e38F, 0.0F, {0, 3e38F}).apply();
        FAIL() << "input x weight scale is no float";
    } catch (const ModelError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("unit 'c'"));
    }
}

}  // namespace
}  // namespace halftone
