// bf16 of oneDNN against the reference loops between roundings. Sums in another order may fall on the other side of a
// rounding: results differ by a step of bf16 (2^-8 of the value) at most, and rarely.
#include <cmath>

#include "kernel/ops/machine.hpp"
#include "kernel/ref/lib/bf16.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

void expect_bf16_close_to_ref(const KernelCase& c) {
    if (!has_bf16()) GTEST_SKIP() << "no bf16 instructions";
    const Tensor fast = run(Backend::dnnl, c);
    const Tensor plain = run(Backend::ref, c);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < plain.as<float>().size(); ++i) {
        const float a = fast.as<float>()[i];
        const float b = plain.as<float>()[i];
        EXPECT_EQ(a, ref::rounded_to_bf16(a)) << i;
        EXPECT_LE(std::abs(a - b), std::abs(b) / 128 + 1e-6F) << i;
        differing += a != b ? 1 : 0;
    }
    EXPECT_LE(differing, plain.as<float>().size() / 50);
}

TEST(Bf16, RoundsToTheNearestAndTiesToEven) {
    EXPECT_EQ(ref::rounded_to_bf16(1.0F), 1.0F);
    EXPECT_EQ(ref::rounded_to_bf16(1.0F + 0x1p-8F), 1.0F) << "a tie, down to even";
    EXPECT_EQ(ref::rounded_to_bf16(1.0F + 0x3p-8F), 1.0F + 0x4p-8F) << "a tie, up to even";
    EXPECT_EQ(ref::rounded_to_bf16(1.0F + 0x1.1p-8F), 1.0F + 0x2p-8F);
    EXPECT_EQ(ref::rounded_to_bf16(-0.0F), -0.0F);
    EXPECT_TRUE(std::isnan(ref::rounded_to_bf16(std::nanf(""))));
    EXPECT_EQ(ref::rounded_to_bf16(INFINITY), INFINITY);
    EXPECT_EQ(ref::rounded_to_bf16(0x1.fffffep127F), INFINITY);
}

TEST(Bf16, ConvWithBiasAndRelu) {
    for (const std::int64_t group : {1, 4, 16}) {
        KernelCase c("Conv", {{"group", group}, {"pads", Ints{1, 1, 1, 1}}}, 3);
        c.input(random_reals({2, 16, 9, 9}, -1, 1, 1));
        c.weights(random_reals({16, 16 / group, 3, 3}, -1, 1, 2), random_reals({16}, -1, 1, 3));
        c.clamp(0, INFINITY).output();
        c.request.is_bf16 = true;
        expect_bf16_close_to_ref(c);
    }
}

TEST(Bf16, ConvWithResidual) {
    KernelCase c("Conv", {}, 3);
    c.input(random_reals({2, 16, 5, 5}, -1, 1, 1));
    c.weights(random_reals({24, 16, 1, 1}, -1, 1, 2), random_reals({24}, -1, 1, 3));
    c.output().residual(4);
    c.request.is_bf16 = true;
    expect_bf16_close_to_ref(c);
}

TEST(Bf16, Gemm) {
    KernelCase c("Gemm", {{"transB", std::int64_t{1}}, {"alpha", 0.5F}}, 3);
    c.input(random_reals({3, 40}, -1, 1, 1));
    c.weights(random_reals({24, 40}, -1, 1, 2), random_reals({24}, -1, 1, 3)).output();
    c.request.is_bf16 = true;
    expect_bf16_close_to_ref(c);
}

TEST(Bf16, MatMulByAConstant) {
    KernelCase c("MatMul", {}, 2);
    c.input(random_reals({2, 7, 40}, -1, 1, 1));
    c.weights(random_reals({40, 24}, -1, 1, 2), random_reals({24}, -1, 1, 3)).output();
    c.request.is_bf16 = true;
    expect_bf16_close_to_ref(c);
}

TEST(Bf16, IsRefusedWithoutItsInstructions) {
    if (has_bf16()) GTEST_SKIP() << "the machine has them";
    KernelCase c("MatMul", {}, 2);
    c.input(random_reals({7, 4}, -1, 1, 1)).weights(random_reals({4, 2}, -1, 1, 2)).output();
    c.request.is_bf16 = true;
    const Support support = find_op(Backend::dnnl, "MatMul")->supports(c.request);
    EXPECT_FALSE(support.is_supported);
    EXPECT_NE(support.why.find("bf16 needs AVX-512 BF16"), std::string::npos);
}

}  // namespace
}  // namespace halftone::test
