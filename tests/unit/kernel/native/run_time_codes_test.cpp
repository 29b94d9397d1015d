// Products whose input was quantized at run time, against the reference loops, bit for bit: every tail of rows, columns
// and pairs, the largest codes, several threads.
#include "kernel/native/lib/code_panels.hpp"
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/codes_product_case.hpp"

namespace halftone::test {
namespace {

/// The kernels are for AVX-512 with VNNI, and for AVX2 without exact int8 products of other kinds.
bool has_kernel() { return has_avx512_vnni() || (has_avx2() && !has_exact_int8()); }

void expect_exact(const ProductCase& p) {
    SCOPED_TRACE(p.left.to_text() + " by " + std::to_string(p.columns));
    expect_equal_to_ref(*codes_product(p), Backend::native);
}

TEST(NativeRunTimeCodes, EveryTailEqualsReference) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN has this product here";
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
    if (!has_kernel()) GTEST_SKIP() << "oneDNN has this product here";
    for (const DType weight : {DType::s8, DType::u8}) {
        for (const bool is_per_channel : {true, false}) {
            expect_exact({.weight = weight, .has_zero_points = true, .is_per_channel = is_per_channel});
        }
        expect_exact({.weight = weight, .has_bias = false});
    }
}

TEST(NativeRunTimeCodes, TheInputMayHaveAnyRank) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN has this product here";
    for (const Shape& left : {Shape{1, 33}, Shape{2, 5, 64}, Shape{2, 1, 3, 16}}) {
        expect_exact({.left = left, .columns = 7});
    }
}

TEST(NativeRunTimeCodes, ThreadsDoNotChangeTheResult) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN has this product here";
    set_kernel_threads(3);
    expect_exact({.left = {300, 64}, .columns = 130});
    set_kernel_threads(1);
}

TEST(NativeRunTimeCodes, SessionsShareThePackedMatrix) {
    if (!has_kernel()) GTEST_SKIP() << "oneDNN has this product here";
    for (const DType weight : {DType::s8, DType::u8}) {
        const auto cache = make_weight_cache();
        const BuildContext context{.weights = cache.get(), .available = {}};
        // 34 rows and 24 columns are packed as 36 by 32.
        const auto c = codes_product({.left = {5, 34}, .columns = 24, .weight = weight});
        const Tensor alone = run(Backend::native, *c);
        for (int session = 0; session < 2; ++session) {
            const auto primitive = build(Backend::native, c->request, context);
            EXPECT_EQ(primitive->weight_bytes(), 0U);
            EXPECT_EQ(cache->entries(), 1U);
            EXPECT_EQ(cache->bytes(), has_avx512_vnni() ? 36U * 32 : 34U * 32);
            EXPECT_EQ(relative_error(run(*primitive, c->data), alone), 0);
        }
        // The same codes in another buffer are the same matrix, others are not.
        const auto equal = codes_product({.left = {5, 34}, .columns = 24, .weight = weight});
        (void)build(Backend::native, equal->request, context);
        EXPECT_EQ(cache->entries(), 1U);
        equal->request.constants[1].mutable_view().data[3] ^= std::byte{1};
        (void)build(Backend::native, equal->request, context);
        EXPECT_EQ(cache->entries(), 2U);
    }
}

TEST(NativeRunTimeCodes, WhichProductsAreLeftToOneDnn) {
    const auto is_supported = [](const KernelCase& c) {
        return find_op(Backend::native, "ScaledMatMulInteger")->supports(c.request).is_supported;
    };
    // Without VNNI, oneDNN's faster instructions are exact for codes of 6 bits.
    EXPECT_EQ(is_supported(*codes_product({.largest = 63})), has_avx512_vnni());
    EXPECT_EQ(is_supported(*codes_product({})), has_kernel());
}

/// Products of rows of 255 by a matrix of -128, with this packing: two of them do not fit into 16 bits, and a kernel
/// that saturates gives another sum.
void expect_largest_sums(std::int64_t depth) {
    constexpr std::int64_t kInner = 1001;
    Tensor matrix(TensorType{DType::s8, {kInner, 17}});
    for (std::int8_t& code : matrix.mutable_view().as<std::int8_t>()) code = -128;
    const native::CodePanels panels = native::pack_code_panels(matrix, depth);
    const std::vector<std::uint32_t> offset(32, 0);
    const std::vector<float> scale(32, 1.0F), bias(32, 0.0F);
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9}) {
        const auto count = static_cast<std::size_t>(rows);
        const std::vector<std::uint8_t> codes(count * kInner, 255);
        std::vector<std::byte> staged(native::staged_bytes(panels, rows));
        std::vector<float> y(count * 17);
        native::multiply_codes({.matrix = &panels,
                                .codes = codes.data(),
                                .rows = rows,
                                .run = {.offset = offset.data(), .scale = scale.data(), .bias = bias.data()},
                                .staged = staged.data(),
                                .y = y.data()});
        // Below 2^25, and a multiple of 2^7.
        EXPECT_EQ(y, std::vector<float>(count * 17, -128.0F * 255.0F * kInner)) << depth << " " << rows;
    }
}

TEST(NativeRunTimeCodes, TheLargestCodesAddUpExactly) {
    if (!has_avx2()) GTEST_SKIP() << "needs AVX2";
    expect_largest_sums(native::kAvx2Depth);
    if (has_avx512_vnni()) expect_largest_sums(native::kVnniDepth);
}

// A machine with VNNI runs the kernel for AVX2, too, so that its tests do not depend on finding an old machine.
TEST(NativeRunTimeCodes, BothKernelsGiveTheSameBits) {
    if (!has_avx512_vnni()) GTEST_SKIP() << "needs AVX-512 and VNNI";
    for (const std::int64_t inner : {1, 2, 3, 4, 33, 98}) {
        for (const std::int64_t columns : {1, 16, 70}) {
            for (const std::int64_t rows : {1, 6, 11, 130}) {
                const auto c = codes_product({.left = {rows, inner}, .columns = columns, .has_zero_points = true});
                codes::ScaledProduct product(c->request);
                std::vector<const std::byte*> inputs;
                for (const Tensor& input : c->data) inputs.push_back(input.view().data);
                const auto multiply = [&](std::int64_t depth) {
                    const native::CodePanels panels = native::pack_code_panels(product.matrix(), depth);
                    std::vector<std::byte> staged(native::staged_bytes(panels, rows));
                    std::vector<std::uint32_t> sums(static_cast<std::size_t>(rows));
                    std::vector<float> y(static_cast<std::size_t>(rows * columns));
                    native::multiply_codes({.matrix = &panels,
                                            .codes = reinterpret_cast<const std::uint8_t*>(inputs[0]),
                                            .rows = rows,
                                            .run = product.values_of_run(inputs),
                                            .staged = staged.data(),
                                            .code_sums = sums.data(),
                                            .y = y.data()});
                    return y;
                };
                EXPECT_EQ(multiply(native::kVnniDepth), multiply(native::kAvx2Depth))
                    << rows << " x " << inner << " x " << columns;
            }
        }
    }
}

}  // namespace
}  // namespace halftone::test
