// Products whose input was quantized at run time, against the reference loops, bit for bit: sums of codes are exact on
// every machine, also where its int8 products saturate, and the roundings behind them are prescribed.
#include "unit/kernel/dnnl/codes_product_case.hpp"

namespace halftone::test {
namespace {

void expect_equal_product(const ProductCase& p) { expect_equal_to_ref(*codes_product(p)); }

TEST(RunTimeCodes, ProductsAreExactForAllCodes) {
    for (const std::int32_t largest : {63, 127}) {  // 127: two neighbouring products exceed 16 bits
        for (const bool has_bias : {true, false}) expect_equal_product({.has_bias = has_bias, .largest = largest});
    }
}

TEST(RunTimeCodes, WeightsMayHaveZeroPointsAndBeUnsigned) {
    for (const DType weight : {DType::s8, DType::u8}) {
        for (const bool is_per_channel : {true, false}) {
            expect_equal_product({.weight = weight, .has_zero_points = true, .is_per_channel = is_per_channel});
        }
        expect_equal_product({.weight = weight, .has_bias = false});
    }
}

TEST(RunTimeCodes, TheInputMayHaveAnyRank) {
    for (const Shape& left : {Shape{1, 33}, Shape{2, 5, 64}, Shape{2, 1, 3, 16}}) {
        expect_equal_product({.left = left, .columns = 7});
    }
}

TEST(RunTimeCodes, EmptyProductsAreLeftToTheReference) {
    KernelCase c("ScaledMatMulInteger", {}, 5);
    c.input(random_codes(DType::u8, {0, 4}, 1)).input(Tensor::scalar(1.0F));
    c.input(Tensor::of<std::uint8_t>(Shape{}, std::vector<std::uint8_t>{0}));
    c.constants({{}, random_codes(DType::s8, {4, 3}, 2), {}, Tensor::scalar(1.0F), {}}).output();
    EXPECT_FALSE(find_op(Backend::dnnl, "ScaledMatMulInteger")->supports(c.request).is_supported);
}

}  // namespace
}  // namespace halftone::test
