// MatMul of oneDNN against the reference loops; tolerances as in conv_test.cpp.
#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

constexpr double kMatMulTolerance = 2e-6;

TEST(MatMulFp32, ByAConstantTakesBiasResidualAndClamp) {
    for (const Shape& x : {Shape{3, 16}, Shape{2, 5, 16}, Shape{1, 2, 3, 16}}) {
        KernelCase c("MatMul", {}, 2);
        c.input(random_reals(x, -1, 1, 1)).weights(random_reals({16, 7}, -1, 1, 2), random_reals({7}, -1, 1, 3));
        expect_close_to_ref(c.residual(4).clamp(-0.5F, 1.0F), kMatMulTolerance);
    }
}

TEST(MatMulFp32, OfTwoTensorsBroadcastsTheirStacks) {
    struct Pair {
        Shape left;
        Shape right;
    };
    for (const Pair& p : {Pair{{4, 3}, {3, 5}}, Pair{{2, 4, 3}, {2, 3, 5}}, Pair{{2, 3, 4, 6}, {3, 6, 2}},
                          Pair{{1, 2, 4, 3}, {5, 1, 3, 2}}}) {
        KernelCase c("MatMul", {}, 2);
        c.input(random_reals(p.left, -1, 1, 1)).input(random_reals(p.right, -1, 1, 2)).output();
        expect_close_to_ref(c, kMatMulTolerance);
    }
}

TEST(MatMulInt8, ByAConstantHasARealBias) {
    std::uint64_t seed = 100;
    for (const DType input : {DType::u8, DType::s8}) {
        for (const bool is_per_channel : {false, true}) {
            KernelCase c("MatMul", {}, 2);
            c.input(random_codes(input, {2, 5, 32}, seed += 10), per_tensor(input, 0.02F, 9));
            c.weights(random_codes(DType::s8, {32, 24}, seed + 1), random_reals({24}, -3, 3, seed + 2),
                      is_per_channel ? per_channel(24, 0.01F, 1, seed + 3) : per_tensor(DType::s8, 0.01F, 0));
            c.output();
            expect_close_to_ref(c, kMatMulTolerance);
            c.output(per_tensor(DType::u8, 0.1F, 128)).clamp(-3.0F, 6.0F);
            const CodeDifference codes = code_difference(run(Backend::dnnl, c), run(Backend::ref, c));
            EXPECT_LE(codes.largest, 1);
            EXPECT_LE(codes.share, 0.02);
        }
    }
}

TEST(MatMulInt8, AddsAnFp32ResidualToAnFp32Output) {
    KernelCase c("MatMul", {}, 2);
    c.input(random_codes(DType::u8, {6, 32}, 1), per_tensor(DType::u8, 0.02F, 3));
    c.weights(random_codes(DType::s8, {32, 8}, 2), random_reals({8}, -1, 1, 3), per_channel(8, 0.01F, 1, 4));
    expect_close_to_ref(c.residual(5), kMatMulTolerance);
}

TEST(MatMulInt8, AppliesAFunctionBeforeTheOutputIsQuantized) {
    const Node gelu{.name = "g", .op = "Gelu", .inputs = {}, .outputs = {}, .attributes = {}};
    KernelCase c("MatMul", {}, 2);
    c.input(random_codes(DType::u8, {6, 32}, 1), per_tensor(DType::u8, 0.02F, 100));
    c.weights(random_codes(DType::s8, {32, 8}, 2), random_reals({8}, -1, 1, 3), per_channel(8, 0.01F, 1, 4));
    c.request.epilogue.activation = &gelu;
    expect_close_to_ref(c.output(), kMatMulTolerance);
    c.output(per_tensor(DType::u8, 0.05F, 10));
    EXPECT_LE(code_difference(run(Backend::dnnl, c), run(Backend::ref, c)).largest, 1);
}

TEST(MatMulInt8, OfTwoTensorsOfCodes) {
    if (!has_exact_int8()) GTEST_SKIP() << "no VNNI";
    std::uint64_t seed = 500;
    for (const DType left : {DType::u8, DType::s8}) {
        for (const DType right : {DType::u8, DType::s8}) {
            for (const std::int32_t zero_point : {0, 17}) {
                KernelCase c("MatMul", {}, 2);
                c.input(random_codes(left, {2, 3, 7, 32}, seed += 10), per_tensor(left, 0.02F, zero_point));
                c.input(random_codes(right, {2, 3, 32, 9}, seed + 1), per_tensor(right, 0.01F, zero_point / 2));
                c.output();
                expect_close_to_ref(c, kMatMulTolerance);
                c.output(per_tensor(DType::u8, 0.2F, 128));
                const CodeDifference codes = code_difference(run(Backend::dnnl, c), run(Backend::ref, c));
                EXPECT_LE(codes.largest, 1);
                EXPECT_LE(codes.share, 0.02);
            }
        }
    }
}

TEST(MatMulRefusals, NameTheReason) {
    KernelCase c("MatMul", {}, 2);
    c.input(random_reals({4, 3}, -1, 1, 1)).input(random_reals({3, 5}, -1, 1, 2)).output().clamp(0.0F, 1.0F);
    EXPECT_EQ(find_op(Backend::dnnl, "MatMul")->supports(c.request).why,
              "nothing is fused with a product of two tensors");
}

TEST(ProductExactness, NoImplementationSaturates) {
    for (const char* op : {"MatMul", "Gemm"}) {
        for (const DType input : {DType::u8, DType::s8}) {
            for (const std::int64_t rows : {1, 70}) {
                KernelCase c(op, {}, 2);
                c.input(largest_codes(input, {rows, 192}), per_tensor(input, 1.0F, 0));
                c.weights(largest_codes(DType::s8, {192, 40}), {}, per_tensor(DType::s8, 1.0F, 0)).output();
                expect_every_implementation(c);
            }
        }
    }
}

}  // namespace
}  // namespace halftone::test
