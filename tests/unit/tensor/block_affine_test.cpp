// Matrices whose neighbours share a scale: the formulas by hand, short last blocks, both axes, and round trips. The
// same codes from onnx's own reference are compared in tests/system/weight_only_test.py.
#include "tensor/block_affine.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.hpp"
#include "tensor/affine.hpp"

namespace halftone {
namespace {

using testing::ElementsAre;

Tensor matrix(std::int64_t rows, std::int64_t columns, const std::vector<float>& values) {
    return Tensor::of<float>(Shape{rows, columns}, values);
}

std::vector<int> block_codes(const Tensor& codes) {
    std::vector<int> all;
    for (std::int64_t i = 0; i < codes.elements(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        const bool is_signed = codes.dtype() == DType::s4 || codes.dtype() == DType::s8;
        all.push_back(is_signed ? int{codes.as<std::int8_t>()[at]} : int{codes.as<std::uint8_t>()[at]});
    }
    return all;
}

TEST(BlockAffine, SymmetricScalesReachTheLargestMagnitude) {
    // Two columns; blocks of two along the rows, the last of one.
    const Tensor w = matrix(3, 2, {0.7F, -14.0F, -0.35F, 2.0F, 0.0F, 21.0F});
    const QuantParams params = block_params(w, {.dtype = DType::s4, .axis = 0, .block_size = 2});
    EXPECT_THAT(params.scale, ElementsAre(0.7F / 7, 2.0F, 1.0F, 3.0F)) << "a block of zeros has scale 1";
    EXPECT_THAT(params.zero_point, ElementsAre(0, 0, 0, 0));
    const Tensor codes = quantize_blocks(w, params);
    EXPECT_EQ(codes.dtype(), DType::s4);
    EXPECT_THAT(block_codes(codes), ElementsAre(7, -7, -4, 1, 0, 7)) << "-3.5 is a tie and goes to the even -4";
    EXPECT_EQ(dequantize_blocks(codes, params).as<float>()[1], -14.0F);
}

TEST(BlockAffine, AsymmetricRangesHoldZero) {
    const Tensor w = matrix(4, 1, {3.0F, 6.0F, -2.0F, 1.0F});
    const QuantParams params = block_params(w, {.dtype = DType::u4, .axis = 0, .block_size = 2});
    // [0, 6]: zero point 0. [-2, 1]: scale 0.2, zero point 10.
    EXPECT_THAT(params.scale, ElementsAre(6.0F / 15, 3.0F / 15));
    EXPECT_THAT(params.zero_point, ElementsAre(0, 10));
    EXPECT_THAT(block_codes(quantize_blocks(w, params)), ElementsAre(8, 15, 0, 15)) << "3 / 0.4 = 7.5, a tie";
}

TEST(BlockAffine, EightBitsHaveTheirOwnLimits) {
    const Tensor w = matrix(2, 1, {-1.0F, 0.5F});
    EXPECT_THAT(block_codes(quantize(w, block_params(w, {.dtype = DType::s8, .block_size = 16}))),
                ElementsAre(-127, 64));
    const QuantParams params = block_params(w, {.dtype = DType::u8, .block_size = 16});
    EXPECT_THAT(params.zero_point, ElementsAre(170));
    EXPECT_THAT(block_codes(quantize(w, params)), ElementsAre(0, 255));
}

TEST(BlockAffine, BlocksAlongColumnsAreThoseOfTheTurnedMatrix) {
    std::vector<float> values;
    for (int i = 0; i < 5 * 7; ++i) values.push_back(std::sin(static_cast<float>(i)));
    const Tensor w = matrix(5, 7, values);
    for (const DType dtype : {DType::s4, DType::u4, DType::s8, DType::u8}) {
        const QuantParams rows = block_params(w, {.dtype = dtype, .axis = 1, .block_size = 3});
        EXPECT_EQ(rows.scale.size(), 15U);
        const Tensor turned = turned_matrix(w);
        const QuantParams columns = block_params(turned, {.dtype = dtype, .axis = 0, .block_size = 3});
        EXPECT_EQ(block_codes(turned_matrix(quantize_blocks(w, rows))), block_codes(quantize_blocks(turned, columns)));
        // No value is further from its code than half a step.
        const Tensor back = dequantize(quantize(w, rows), rows);
        for (std::size_t i = 0; i < values.size(); ++i) {
            EXPECT_LE(std::abs(back.as<float>()[i] - values[i]), 0.5001F * rows.scale[i / 7 * 3 + i % 7 / 3]);
        }
    }
}

TEST(BlockAffine, RealValuesOfCodesHaveTheSameCodesAgain) {
    std::vector<float> values;
    for (int i = 0; i < 64 * 3; ++i) values.push_back(std::cos(static_cast<float>(i * i)));
    const Tensor w = matrix(64, 3, values);
    const QuantParams params = block_params(w, {.dtype = DType::u4, .axis = 0, .block_size = 16});
    const Tensor codes = quantize(w, params);
    EXPECT_EQ(block_codes(quantize(dequantize(codes, params), params)), block_codes(codes));
}

TEST(BlockAffine, RefusesWeightsWithoutAScale) {
    EXPECT_THROW(static_cast<void>(block_params(matrix(1, 1, {std::nanf("")}), {})), ModelError);
    EXPECT_THROW(static_cast<void>(block_params(matrix(1, 2, {1.0F, INFINITY}), {})), ModelError);
}

TEST(BlockAffine, ScalesOfTheSmallestWeightsAreNormalNumbers) {
    const Tensor w = matrix(1, 1, {std::numeric_limits<float>::denorm_min()});
    const QuantParams params = block_params(w, {});
    EXPECT_EQ(params.scale[0], std::numeric_limits<float>::min());
    EXPECT_THAT(block_codes(quantize(w, params)), ElementsAre(0));
}

}  // namespace
}  // namespace halftone
