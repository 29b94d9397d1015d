// Our own depthwise kernels against the reference loops. Sums are exact; the product with one rounded factor may fall
// on the other side of a tie, so codes may differ by one, and rarely.
#include <gmock/gmock.h>

#include <algorithm>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

struct Depthwise {
    std::int64_t channels;
    std::int64_t size;
    std::int64_t kernel;
    std::int64_t stride;
    Ints pads;
};

void PrintTo(const Depthwise& d, std::ostream* out) {
    *out << d.channels << "ch_" << d.size << "px_k" << d.kernel << "_s" << d.stride;
}

Attributes attributes_of(const Depthwise& d) {
    return {{"group", d.channels}, {"pads", d.pads}, {"strides", Ints{d.stride, d.stride}}};
}

class NativeDepthwise : public testing::TestWithParam<Depthwise> {
protected:
    void SetUp() override {
        if (!has_avx2()) GTEST_SKIP() << "needs AVX2, this machine: " << isa_name();
    }
    /// Some shapes are oneDNN's, by instruction set.
    static bool is_refused(const KernelCase& c) {
        return !find_op(Backend::native, "Conv")->supports(c.request).is_supported;
    }
    static void fill(KernelCase& c, DType input, std::int32_t zero_point, std::uint64_t seed) {
        const Depthwise& d = GetParam();
        c.input(random_codes(input, {2, d.channels, d.size, d.size + 3}, seed), per_tensor(input, 0.02F, zero_point));
        c.weights(random_codes(DType::s8, {d.channels, 1, d.kernel, d.kernel}, seed + 1),
                  random_bias(d.channels, 20000, seed + 2), per_channel(d.channels, 0.003F, 0, seed + 3));
    }
    /// So that about one code in ten saturates.
    static float output_scale() { return 0.02F * 0.003F * 80.0F * static_cast<float>(GetParam().kernel); }
};

// Channels: whole blocks of 64, masked ones, blocks of 16 and their rests. Sizes: tiles that end inside and outside.
INSTANTIATE_TEST_SUITE_P(Shapes, NativeDepthwise,
                         testing::Values(Depthwise{64, 8, 3, 1, {1, 1, 1, 1}}, Depthwise{144, 9, 3, 1, {1, 1, 1, 1}},
                                         Depthwise{144, 15, 3, 2, {1, 1, 1, 1}}, Depthwise{144, 16, 3, 2, {0, 0, 1, 1}},
                                         Depthwise{16, 14, 3, 1, {1, 1, 1, 1}}, Depthwise{72, 20, 3, 1, {1, 1, 1, 1}},
                                         Depthwise{88, 31, 3, 2, {1, 1, 1, 1}}, Depthwise{60, 8, 3, 1, {0, 0, 0, 0}},
                                         Depthwise{119, 19, 3, 1, {2, 1, 0, 2}}, Depthwise{120, 9, 5, 1, {2, 2, 2, 2}},
                                         Depthwise{183, 10, 5, 1, {1, 3, 2, 0}},
                                         Depthwise{128, 13, 7, 1, {3, 3, 3, 3}}));

TEST_P(NativeDepthwise, CodesEqualReferenceButForRareTies) {
    std::uint64_t seed = 10;
    CodeDifference total;
    int runs = 0;
    for (const DType input : {DType::u8, DType::s8}) {
        for (const std::int32_t zero_point : {0, 7}) {
            for (const DType output : {DType::u8, DType::s8}) {
                KernelCase c("Conv", attributes_of(GetParam()), 3);
                fill(c, input, zero_point, seed += 10);
                c.clamp(-20.0F * output_scale(), 60.0F * output_scale());
                c.output(per_tensor(output, output_scale(), 3 * zero_point));
                if (is_refused(c)) GTEST_SKIP() << "oneDNN's";
                const CodeDifference one = code_difference(run(Backend::native, c), run(Backend::ref, c));
                EXPECT_LE(one.largest, 1) << to_string(input) << " to " << to_string(output);
                total.share += one.share;
                ++runs;
            }
        }
    }
    EXPECT_LE(total.share / runs, 0.001);
}

TEST_P(NativeDepthwise, ThreadsDoNotChangeTheResult) {
    KernelCase c("Conv", attributes_of(GetParam()), 3);
    fill(c, DType::u8, 9, 5);
    c.output(per_tensor(DType::u8, output_scale(), 4));
    if (is_refused(c)) GTEST_SKIP() << "oneDNN's";
    const Tensor one = run(Backend::native, c);
    set_kernel_threads(3);
    const Tensor three = run(Backend::native, c);
    set_kernel_threads(1);
    EXPECT_EQ(code_difference(one, three).largest, 0);
}

TEST(NativeDepthwiseSupport, SaysWhyNot) {
    if (!has_avx2()) GTEST_SKIP() << "needs AVX2, this machine: " << isa_name();
    const auto why = [](std::int64_t kernel, std::int64_t stride, float y_scale, std::int64_t channels = 64) {
        KernelCase c("Conv", {{"group", channels}, {"strides", Ints{stride, stride}}}, 3);
        c.input(random_codes(DType::u8, {1, channels, 20, 20}, 1), per_tensor(DType::u8, 1.0F, 0));
        c.weights(random_codes(DType::s8, {channels, 1, kernel, kernel}, 2), {}, per_channel(channels, 1.0F, 0, 3));
        c.output(per_tensor(DType::u8, y_scale, 0));
        return find_op(Backend::native, "Conv")->supports(c.request).why;
    };
    EXPECT_EQ(why(3, 1, 1.0F), "");
    constexpr auto kShapes = "own kernels are for 3x3, 5x5 and 7x7 with stride 1 and 3x3 with stride 2";
    EXPECT_EQ(why(4, 1, 1.0F), kShapes);
    EXPECT_EQ(why(5, 2, 1.0F), kShapes);
    EXPECT_EQ(why(3, 3, 1.0F), kShapes);
    EXPECT_EQ(why(3, 1, 1.0F, 20), has_avx512_vnni() ? "too little of each block of pixels and channels is used" : "");
    EXPECT_EQ(why(3, 1, 1e-6F), "the results may leave int32");
    if (has_avx512_vnni()) return;
    constexpr auto kAvx2 = "own kernels for AVX2 are for 3x3, images 14 wide or more, and at least 16 channels";
    EXPECT_EQ(why(5, 1, 1.0F), kAvx2);
    EXPECT_EQ(why(3, 2, 1.0F), kAvx2);  // 9 wide
    EXPECT_EQ(why(3, 1, 1.0F, 8), kAvx2);
}

/// Padding means real zero: x = the zero point gives the bias, at the border as inside.
TEST(NativeDepthwiseNumbers, PaddingHoldsTheZeroPoint) {
    if (!has_avx2()) GTEST_SKIP() << "needs AVX2, this machine: " << isa_name();
    constexpr std::int64_t kChannels = 64;
    KernelCase c("Conv", {{"group", kChannels}, {"pads", Ints{1, 1, 1, 1}}}, 3);
    Tensor x(TensorType{DType::u8, Shape{1, kChannels, 16, 16}});
    std::fill_n(x.mutable_view().data, x.bytes(), std::byte{200});
    c.input(std::move(x), per_tensor(DType::u8, 0.5F, 200));
    c.weights(random_codes(DType::s8, {kChannels, 1, 3, 3}, 1), {}, per_channel(kChannels, 1.0F, 0, 1));
    c.output(per_tensor(DType::u8, 1.0F, 17));
    const Tensor y = run(Backend::native, c);
    EXPECT_THAT(y.as<std::uint8_t>(), testing::Each(17));
}

/// Channels without weight have scales so small that their bias comes up to the end of int32; a code less of the sum
/// must not make it wrap, nor the step go to another kernel.
TEST(NativeDepthwiseNumbers, ABiasAtTheEndOfInt32DoesNotWrap) {
    if (!has_avx2()) GTEST_SKIP() << "needs AVX2, this machine: " << isa_name();
    constexpr std::int64_t kChannels = 64;
    KernelCase c("Conv", {{"group", kChannels}}, 3);
    c.input(random_codes(DType::u8, {1, kChannels, 20, 20}, 1), per_tensor(DType::u8, 0.5F, 100));
    Tensor bias(TensorType{DType::s32, Shape{kChannels}});
    QuantParams scales = per_channel(kChannels, 1.0F, 0, 1);
    for (std::size_t i = 0; i < static_cast<std::size_t>(kChannels); ++i) {
        const bool is_tiny = i % 2 == 0;
        bias.mutable_view().as<std::int32_t>()[i] = is_tiny ? (i % 4 == 0 ? 2147483647 : -2147483647) : 1000;
        scales.scale[i] = is_tiny ? 1.0e-8F * static_cast<float>(1 + i) : 0.01F;
    }
    c.weights(random_codes(DType::s8, {kChannels, 1, 3, 3}, 2), bias, scales);
    c.output(per_tensor(DType::u8, 5.0F, 100));
    ASSERT_EQ(find_op(Backend::native, "Conv")->supports(c.request).why, "");
    const CodeDifference one = code_difference(run(Backend::native, c), run(Backend::ref, c));
    EXPECT_LE(one.largest, 1);
    EXPECT_LE(one.share, 0.001);
}

}  // namespace
}  // namespace halftone::test
