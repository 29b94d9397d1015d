// Products whose input was quantized at run time, against the reference loops, bit for bit: every tail of rows, columns
// and pairs, the largest codes, several threads.
#include "kernel/native/lib/code_panels.hpp"
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/codes_product_case.hpp"

namespace halftone::test {
namespace {

/// The kernel is for machines without exact int8 products.
bool has_kernel() { return has_avx2() && !has_exact_int8(); }

void expect_exact(const ProductCase& p) {
    SCOPED_TRACE(p.left.to_text() + " by " + std::to_string(p.columns));
    expect_equal_to_ref(*codes_product(p), Backend::native);
}

TEST(NativeRunTimeCodes, EveryTailEqualsReference) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN's product is exact here";
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 11, 127, 260}) {
        for (const std::int64_t columns : {1, 16, 24, 70}) {
            // Few int8 codes may all be small, and are left to oneDNN then; uint8 codes never are.
            for (const std::int64_t inner : {1, 2}) {
                expect_exact({.left = {rows, inner}, .columns = columns, .weight = DType::u8});
            }
            for (const std::int64_t inner : {33, 96}) expect_exact({.left = {rows, inner}, .columns = columns});
        }
    }
}

TEST(NativeRunTimeCodes, ZeroPointsUnsignedCodesAndNoBias) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN's product is exact here";
    for (const DType weight : {DType::s8, DType::u8}) {
        for (const bool is_per_channel : {true, false}) {
            expect_exact({.weight = weight, .has_zero_points = true, .is_per_channel = is_per_channel});
        }
        expect_exact({.weight = weight, .has_bias = false});
    }
}

TEST(NativeRunTimeCodes, TheInputMayHaveAnyRank) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN's product is exact here";
    for (const Shape& left : {Shape{1, 33}, Shape{2, 5, 64}, Shape{2, 1, 3, 16}}) {
        expect_exact({.left = left, .columns = 7});
    }
}

TEST(NativeRunTimeCodes, ThreadsDoNotChangeTheResult) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN's product is exact here";
    set_kernel_threads(3);
    expect_exact({.left = {300, 64}, .columns = 130});
    set_kernel_threads(1);
}

TEST(NativeRunTimeCodes, SixBitsAndExactMachinesAreLeftToOneDnn) {
    const auto six_bits = codes_product({.largest = 63});
    EXPECT_FALSE(find_op(Backend::native, "ScaledMatMulInteger")->supports(six_bits->request).is_supported);
    const auto eight_bits = codes_product({});
    EXPECT_EQ(find_op(Backend::native, "ScaledMatMulInteger")->supports(eight_bits->request).is_supported,
              has_kernel());
}

// 2 * 255 * 128 does not fit into 16 bits; a kernel that saturates gives another sum.
TEST(NativeRunTimeCodes, TheLargestCodesAddUpExactly) {
    if (!has_avx2()) GTEST_SKIP() << "needs AVX2";
    constexpr std::int64_t kInner = 1001;
    Tensor matrix(TensorType{DType::s8, {kInner, 17}});
    for (std::int8_t& code : matrix.mutable_view().as<std::int8_t>()) code = -128;
    const std::vector<std::uint8_t> row(kInner, 255);
    const native::CodePanels panels = native::pack_code_panels(matrix);
    std::vector<std::int16_t> widened(native::widened_elements(panels, 1));
    const std::vector<std::uint32_t> offset(32, 0);
    const std::vector<float> scale(32, 1.0F), bias(32, 0.0F);
    std::vector<float> y(17);
    native::multiply_codes({.matrix = &panels,
                            .codes = row.data(),
                            .rows = 1,
                            .run = {.offset = offset.data(), .scale = scale.data(), .bias = bias.data()},
                            .widened = widened.data(),
                            .y = y.data()});
    EXPECT_EQ(y, std::vector<float>(17, -128.0F * 255.0F * kInner));  // below 2^25, and a multiple of 2^7
}

}  // namespace
}  // namespace halftone::test
