#include "tensor/affine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/rng.hpp"

namespace halftone {
namespace {

using ::testing::ElementsAre;
using Codes = std::vector<std::int32_t>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

struct GoldenCase {
    std::string name;
    DType dtype;
    float scale;
    std::int32_t zero_point;
    std::vector<float> x;
    Codes codes;
    std::vector<float> back;
};

const std::vector<GoldenCase>& golden_cases() {
    static const std::vector<GoldenCase> cases{
#include "golden/tensor/affine_golden.inc"
    };
    return cases;
}

Codes codes_of(const Tensor& tensor) {
    Codes codes;
    for (std::size_t i = 0; i < tensor.bytes(); ++i) {
        codes.push_back(tensor.dtype() == DType::s8 ? tensor.as<std::int8_t>()[i] : tensor.as<std::uint8_t>()[i]);
    }
    return codes;
}

Tensor floats(Shape shape, const std::vector<float>& values) { return Tensor::of<float>(std::move(shape), values); }

QuantParams per_tensor(DType dtype, float scale, std::int32_t zero_point) {
    return {.dtype = dtype, .scale = {scale}, .zero_point = {zero_point}};
}

Codes quantized(const std::vector<float>& values, const QuantParams& params) {
    return codes_of(quantize(floats(Shape{static_cast<std::int64_t>(values.size())}, values), params));
}

TEST(QuantizeLinear, AgreesWithNumPy) {
    for (const GoldenCase& c : golden_cases()) {
        EXPECT_EQ(quantized(c.x, per_tensor(c.dtype, c.scale, c.zero_point)), c.codes) << c.name;
    }
}

TEST(DequantizeLinear, AgreesWithNumPyBitForBit) {
    for (const GoldenCase& c : golden_cases()) {
        const QuantParams params = per_tensor(c.dtype, c.scale, c.zero_point);
        const Tensor codes = quantize(floats(Shape{static_cast<std::int64_t>(c.x.size())}, c.x), params);
        const Tensor back = dequantize(codes, params);
        EXPECT_EQ(std::vector<float>(back.as<float>().begin(), back.as<float>().end()), c.back) << c.name;
    }
}

TEST(QuantizeLinear, RoundsTiesToEven) {
    EXPECT_EQ(quantized({0.5F, 1.5F, 2.5F, -0.5F, -1.5F}, per_tensor(DType::s8, 1.0F, 0)), (Codes{0, 2, 2, 0, -2}));
}

TEST(QuantizeLinear, MapsNaNToTheZeroPointAndInfinityToTheEnds) {
    EXPECT_EQ(quantized({kNaN, kInfinity, -kInfinity}, per_tensor(DType::u8, 0.1F, 100)), (Codes{100, 255, 0}));
    EXPECT_EQ(quantized({kNaN, kInfinity, -kInfinity}, per_tensor(DType::s8, 0.1F, -3)), (Codes{-3, 127, -128}));
}

TEST(QuantizeLinear, RefusesABadScaleOrZeroPointOrSize) {
    const std::vector<float> x{1.0F, 2.0F};
    Tensor out({DType::u8, Shape{2}});
    for (const float scale : {0.0F, -1.0F, kNaN, kInfinity}) {
        EXPECT_THROW(quantize_linear(x, scale, 0, out.mutable_view()), InternalError) << scale;
    }
    EXPECT_THROW(quantize_linear(x, 1.0F, 256, out.mutable_view()), InternalError);
    EXPECT_THROW(quantize_linear(x, 1.0F, -1, out.mutable_view()), InternalError);
    Tensor wrong_size({DType::u8, Shape{3}});
    EXPECT_THROW(quantize_linear(x, 1.0F, 0, wrong_size.mutable_view()), InternalError);
    Tensor wrong_dtype({DType::s32, Shape{2}});
    EXPECT_THROW(quantize_linear(x, 1.0F, 0, wrong_dtype.mutable_view()), InternalError);
}

TEST(Quantize, PerChannelUsesTheScaleOfEachSliceAlongTheAxis) {
    const Tensor x = floats(Shape{2, 3, 2}, {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4});
    const QuantParams params{.dtype = DType::s8, .scale = {1.0F, 0.5F, 0.25F}, .zero_point = {0, 0, 1}, .axis = 1};
    const Tensor codes = quantize(x, params);
    EXPECT_EQ(codes_of(codes), (Codes{1, 2, 2, 4, 5, 9, 3, 4, 6, 8, 13, 17}));
    EXPECT_THAT(dequantize(codes, params).as<float>(), ::testing::ElementsAreArray(x.as<float>()));
}

/// Slices along the last dimension are walked row by row, others slice by slice.
TEST(Quantize, PerChannelDoesNotDependOnWhichDimensionTheChannelsAre) {
    constexpr std::int64_t kRows = 37, kChannels = 21;
    Tensor by_row(TensorType{DType::f32, Shape{kRows, kChannels}});
    Tensor by_channel(TensorType{DType::f32, Shape{kChannels, kRows}});
    Rng rng(3);
    for (std::size_t r = 0; r < kRows; ++r) {
        for (std::size_t c = 0; c < kChannels; ++c) {
            auto value = static_cast<float>(rng.uniform(-3.0, 3.0) * static_cast<double>(c + 1));
            if (r == 5) value = 0.5F * static_cast<float>(c);
            by_row.mutable_view().as<float>()[r * kChannels + c] = value;
            by_channel.mutable_view().as<float>()[c * kRows + r] = value;
        }
    }
    QuantParams params = weight_params(by_row, Granularity::per_channel, 1);
    EXPECT_EQ(params.scale, weight_params(by_channel, Granularity::per_channel, 0).scale);
    for (std::size_t c = 0; c < kChannels; ++c) params.zero_point[c] = static_cast<std::int32_t>(c) - 9;
    for (const DType dtype : {DType::s8, DType::u8}) {
        params.dtype = dtype;
        for (std::int32_t& zero_point : params.zero_point)
            zero_point = dtype == DType::u8 ? zero_point + 128 : zero_point;
        params.axis = 1;
        const Tensor rows = quantize(by_row, params);
        const Tensor real_rows = dequantize(rows, params);
        params.axis = 0;
        const Tensor slices = quantize(by_channel, params);
        const Tensor real_slices = dequantize(slices, params);
        for (std::size_t r = 0; r < kRows; ++r) {
            for (std::size_t c = 0; c < kChannels; ++c) {
                EXPECT_EQ(rows.view().data[r * kChannels + c], slices.view().data[c * kRows + r]) << r << " " << c;
                EXPECT_EQ(real_rows.as<float>()[r * kChannels + c], real_slices.as<float>()[c * kRows + r]);
            }
        }
    }
}

TEST(PairsFit16Bits, LooksAtTheTwoLargestWeights) {
    const auto fit = [](const std::vector<std::int8_t>& codes) {
        return pairs_fit_16_bits(Tensor::of<std::int8_t>({static_cast<std::int64_t>(codes.size())}, codes));
    };
    EXPECT_TRUE(fit({64, -64, 64, 3}));   // 255 * 128 = 32640
    EXPECT_FALSE(fit({65, 1, -64, 64}));  // 255 * 129 = 32895
    EXPECT_TRUE(fit({65, 1, -63, 63}));
    EXPECT_FALSE(fit({65, 65}));
    EXPECT_TRUE(fit({-128, 0, 0}));
    EXPECT_FALSE(fit({-128, 0, 1}));
    EXPECT_TRUE(fit({}));
}

TEST(Quantize, PerChannelOfOneSliceIsPerTensor) {
    const Tensor x = floats(Shape{1, 3}, {1, 2, 3});
    const QuantParams params = weight_params(x, Granularity::per_channel, 0);
    EXPECT_EQ(params, weight_params(x, Granularity::per_tensor, 0));
    EXPECT_EQ(codes_of(quantize(x, params)), (Codes{42, 85, 127}));
}

TEST(DequantizeLinear, ReadsInt32Codes) {
    const std::vector<std::int32_t> bias{-3, 0, 1000000};
    const Tensor codes = Tensor::of<std::int32_t>(Shape{3}, bias);
    EXPECT_THAT(dequantize(codes, per_tensor(DType::s32, 0.5F, 0)).as<float>(), ElementsAre(-1.5F, 0.0F, 500000.0F));
}

std::vector<std::int32_t> bias_codes(const std::vector<float>& bias, const std::vector<float>& scale) {
    const Tensor real = floats(Shape{static_cast<std::int64_t>(bias.size())}, bias);
    const QuantParams params{
        .dtype = DType::s32, .scale = scale, .zero_point = std::vector<std::int32_t>(scale.size(), 0)};
    const Tensor codes = quantize_bias(real, params);
    EXPECT_EQ(codes.type(), (TensorType{DType::s32, real.shape()}));
    return {codes.as<std::int32_t>().begin(), codes.as<std::int32_t>().end()};
}

TEST(QuantizeBias, DividesByTheScaleOfEachChannelOrByTheOne) {
    EXPECT_THAT(bias_codes({3, -3, 1}, {0.5F, 1.0F, 0.25F}), ElementsAre(6, -3, 4));
    EXPECT_THAT(bias_codes({3, -3, 1}, {0.5F}), ElementsAre(6, -6, 2));
}

TEST(QuantizeBias, RoundsTiesToEven) { EXPECT_THAT(bias_codes({0.5F, 1.5F, -2.5F}, {1}), ElementsAre(0, 2, -2)); }

TEST(QuantizeBias, IsExactBeyond24BitsWhereFloatIsNot) {
    EXPECT_THAT(bias_codes({0x1.8p25F, 3.0F}, {3.0F, 0x1.0p-27F}), ElementsAre(16777216, 402653184));
    EXPECT_THAT(bias_codes({1e8F}, {3.0F}), ElementsAre(33333333));  // 1e8F / 3.0F is 33333332
}

TEST(QuantizeBias, SaturatesAtTheEndsOfInt32) {
    EXPECT_THAT(bias_codes({3e9F, -3e9F, kInfinity}, {1}), ElementsAre(2147483647, -2147483647 - 1, 2147483647));
}

TEST(QuantizeBias, RefusesABadScaleOrCount) {
    EXPECT_THROW((void)bias_codes({1, 2}, {1, 2, 3}), InternalError);
    EXPECT_THROW((void)bias_codes({1}, {0.0F}), InternalError);
    EXPECT_THROW((void)bias_codes({1}, {kNaN}), InternalError);
}

TEST(ActivationParams, AsymmetricCoversTheRangeWithAnExactZero) {
    const QuantParams params = activation_params({-1.0F, 3.0F}, DType::u8, Scheme::asym);
    EXPECT_EQ(params, per_tensor(DType::u8, static_cast<float>(4.0 / 255), 64));  // rint(63.75)
    EXPECT_EQ(activation_params({-1.0F, 3.0F}, DType::s8, Scheme::asym),
              per_tensor(DType::s8, static_cast<float>(4.0 / 255), -64));
}

TEST(ActivationParams, ARangeBesideZeroIsExtendedToIt) {
    EXPECT_EQ(activation_params({2.0F, 5.1F}, DType::u8, Scheme::asym),
              activation_params({0.0F, 5.1F}, DType::u8, Scheme::asym));
    EXPECT_EQ(activation_params({0.0F, 5.1F}, DType::u8, Scheme::asym).zero_point[0], 0);
    EXPECT_EQ(activation_params({-5.1F, -2.0F}, DType::u8, Scheme::asym).zero_point[0], 255);
    EXPECT_EQ(activation_params({-5.1F, -2.0F}, DType::s8, Scheme::asym).zero_point[0], 127);
}

TEST(ActivationParams, SymmetricKeepsZeroInTheMiddleUnlessTheRangeHasOneSign) {
    EXPECT_EQ(activation_params({-1.0F, 2.54F}, DType::s8, Scheme::sym), per_tensor(DType::s8, 2.54F / 127, 0));
    EXPECT_EQ(activation_params({-2.54F, 1.0F}, DType::u8, Scheme::sym), per_tensor(DType::u8, 2.54F / 127, 128));
    EXPECT_EQ(activation_params({0.0F, 5.1F}, DType::u8, Scheme::sym), per_tensor(DType::u8, 5.1F / 255, 0));
}

TEST(ActivationParams, AnEmptyRangeHasScaleOne) {
    EXPECT_EQ(activation_params({0, 0}, DType::u8, Scheme::asym), per_tensor(DType::u8, 1.0F, 0));
    EXPECT_EQ(activation_params({0, 0}, DType::s8, Scheme::sym), per_tensor(DType::s8, 1.0F, 0));
}

TEST(ActivationParams, TheScaleIsNeverSubnormalAndNeverInfinite) {
    constexpr float kSmallest = std::numeric_limits<float>::min();
    constexpr float kLargest = std::numeric_limits<float>::max();
    EXPECT_EQ(activation_params({0, kSmallest}, DType::u8, Scheme::asym).scale[0], kSmallest);
    EXPECT_TRUE(std::isfinite(activation_params({-kLargest, kLargest}, DType::u8, Scheme::asym).scale[0]));
}

TEST(WeightParams, PerChannelIsTheWidestWeightOfEachSlice) {
    const Tensor weights = floats(Shape{2, 3}, {1.27F, -2.54F, 0.5F, 0.0F, 12.7F, -1.0F});
    EXPECT_THAT(weight_params(weights, Granularity::per_channel, 0).scale, ElementsAre(2.54F / 127, 12.7F / 127));
    EXPECT_THAT(weight_params(weights, Granularity::per_channel, 1).scale,
                ElementsAre(1.27F / 127, 12.7F / 127, 1.0F / 127));
    EXPECT_THAT(weight_params(weights, Granularity::per_tensor, 0).scale, ElementsAre(12.7F / 127));
}

TEST(WeightParams, CodesNeverReachMinus128) {
    const Tensor weights = floats(Shape{4}, {-0.3F, 0.3F, -0.29999F, 0.1F});
    const QuantParams params = weight_params(weights, Granularity::per_tensor, 0);
    EXPECT_THAT(codes_of(quantize(weights, params)), ElementsAre(-127, 127, -127, 42));
}

TEST(WeightParams, ASliceOfZerosHasScaleOne) {
    const Tensor weights = floats(Shape{2, 2}, {0.0F, -0.0F, 1.27F, 0.0F});
    EXPECT_EQ(weight_params(weights, Granularity::per_channel, 0).scale[0], 1.0F);
}

TEST(WeightParams, AWeightThatIsNotFiniteIsTheModelsFault) {
    for (const float wrong : {kNaN, kInfinity, -kInfinity}) {
        const Tensor weights = floats(Shape{2, 2}, {1.0F, 2.0F, wrong, 0.0F});
        EXPECT_THROW((void)weight_params(weights, Granularity::per_channel, 0), ModelError) << wrong;
        EXPECT_THROW((void)weight_params(weights, Granularity::per_tensor, 0), ModelError) << wrong;
    }
}

TEST(ClampImplied, ReluIsImpliedWhereTheZeroPointIsTheLowestCode) {
    EXPECT_TRUE(is_clamp_implied(per_tensor(DType::u8, 0.1F, 0), 0, kInfinity));
    EXPECT_TRUE(is_clamp_implied(per_tensor(DType::s8, 0.1F, -128), 0, kInfinity));
    EXPECT_FALSE(is_clamp_implied(per_tensor(DType::u8, 0.1F, 1), 0, kInfinity));
    EXPECT_FALSE(is_clamp_implied(per_tensor(DType::s8, 0.1F, 0), 0, kInfinity));
}

TEST(ClampImplied, ClipNeedsBothEndsSaturated) {
    EXPECT_TRUE(is_clamp_implied(per_tensor(DType::u8, 6.0F / 255, 0), 0, 6));
    EXPECT_TRUE(is_clamp_implied(per_tensor(DType::u8, 5.0F / 255, 0), 0, 6));
    EXPECT_FALSE(is_clamp_implied(per_tensor(DType::u8, 7.0F / 255, 0), 0, 6));
    EXPECT_TRUE(is_clamp_implied(per_tensor(DType::u8, 0.1F, 9), -kInfinity, kInfinity));
}

TEST(ClampImplied, PerChannelNeedsEverySlice) {
    const QuantParams params{.dtype = DType::u8, .scale = {0.1F, 0.2F}, .zero_point = {0, 3}, .axis = 0};
    EXPECT_FALSE(is_clamp_implied(params, 0, kInfinity));
}

}  // namespace
}  // namespace halftone
