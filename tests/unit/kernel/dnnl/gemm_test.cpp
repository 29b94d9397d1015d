// Gemm of oneDNN against the reference loops; tolerances as in conv_test.cpp.
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

struct GemmShape {
    std::int64_t rows;
    std::int64_t inner;
    std::int64_t columns;
    bool is_transposed;
};

const std::vector<GemmShape> kGemmShapes{{1, 64, 10, true},   {25, 64, 10, true}, {3, 7, 5, false},
                                         {16, 32, 32, false}, {16, 32, 32, true}, {2, 1, 1, true}};

Shape weight_shape(const GemmShape& s) {
    return s.is_transposed ? Shape{s.columns, s.inner} : Shape{s.inner, s.columns};
}
Attributes transposed(const GemmShape& s) { return {{"transB", std::int64_t{s.is_transposed}}}; }

constexpr double kGemmTolerance = 2e-6;

TEST(GemmFp32, EqualsReferenceWithAlphaBetaAndAnyBias) {
    for (const GemmShape& s : kGemmShapes) {
        for (const Shape& bias : {Shape{s.columns}, Shape{1, s.columns}, Shape{1}, Shape{}}) {
            Attributes attributes = transposed(s);
            attributes["alpha"] = 0.5F;
            attributes["beta"] = -2.0F;
            KernelCase c("Gemm", attributes, 3);
            c.input(random_reals({s.rows, s.inner}, -1, 1, 1));
            c.weights(random_reals(weight_shape(s), -1, 1, 2), random_reals(bias, -1, 1, 3)).output();
            expect_close_to_ref(c, kGemmTolerance);
        }
    }
}

TEST(GemmFp32, FusesResidualThenClamp) {
    for (const GemmShape& s : kGemmShapes) {
        KernelCase c("Gemm", transposed(s), 2);
        c.input(random_reals({s.rows, s.inner}, -1, 1, 4)).weights(random_reals(weight_shape(s), -1, 1, 5)).residual(6);
        expect_close_to_ref(c.clamp(-0.5F, 1.0F), kGemmTolerance);
    }
}

TEST(GemmInt8, CodesEqualReferenceButForRareTies) {
    std::uint64_t seed = 100;
    for (const GemmShape& s : kGemmShapes) {
        for (const DType input : {DType::u8, DType::s8}) {
            for (const std::int32_t zero_point : {0, -5, 9}) {
                if (input == DType::u8 && zero_point < 0) continue;
                for (const bool is_per_channel : {false, true}) {
                    KernelCase c("Gemm", transposed(s), 3);
                    c.input(random_codes(input, {s.rows, s.inner}, seed += 10), per_tensor(input, 0.02F, zero_point));
                    c.weights(random_codes(DType::s8, weight_shape(s), seed + 1),
                              random_bias(s.columns, 5000, seed + 2),
                              is_per_channel ? per_channel(s.columns, 0.01F, s.is_transposed ? 0 : 1, seed + 3)
                                             : per_tensor(DType::s8, 0.01F, 0));
                    c.output(per_tensor(DType::u8, 0.1F, 128)).clamp(-3.0F, 6.0F);
                    const CodeDifference codes = code_difference(run(Backend::dnnl, c), run(Backend::ref, c));
                    EXPECT_LE(codes.largest, 1);
                    EXPECT_LE(codes.share, 0.02);  // one code of the smallest matrices
                    c.output();
                    expect_close_to_ref(c, 1e-6);
                }
            }
        }
    }
}

TEST(GemmInt8, TakesAlphaAndBeta) {
    if (!has_exact_int8()) GTEST_SKIP() << "no VNNI";
    KernelCase c("Gemm", {{"transB", std::int64_t{1}}, {"alpha", -0.5F}, {"beta", 3.0F}}, 3);
    c.input(random_codes(DType::u8, {4, 32}, 1), per_tensor(DType::u8, 0.02F, 3));
    c.weights(random_codes(DType::s8, {8, 32}, 2), random_bias(8, 5000, 3), per_channel(8, 0.01F, 0, 4)).output();
    expect_close_to_ref(c, 1e-6);
}

TEST(GemmRefusals, NameTheReason) {
    KernelCase c("Gemm", {{"transA", std::int64_t{1}}}, 2);
    c.input(random_reals({4, 3}, -1, 1, 1)).weights(random_reals({4, 5}, -1, 1, 2)).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Gemm")->supports(c.request).why, "transA is not supported");

    KernelCase full("Gemm", {}, 3);
    full.input(random_reals({3, 4}, -1, 1, 1)).weights(random_reals({4, 5}, -1, 1, 2), random_reals({3, 5}, -1, 1, 3));
    EXPECT_EQ(find_op(Backend::dnnl, "Gemm")->supports(full.output().request).why, "the bias [3,5] is not one row");
}

}  // namespace
}  // namespace halftone::test
