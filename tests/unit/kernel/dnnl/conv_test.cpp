// Conv of oneDNN against the reference loops. fp32 tolerance: sums of up to 600 products in another order, 24-bit.
// int8: both accumulate exactly; the last rounding may go the other way where the real result lies on a tie within
// float precision, so codes may differ by one, and rarely.
#include <cmath>
#include <limits>

#include "kernel/ops/machine.hpp"
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

struct ConvShape {
    std::string name;
    Shape input;
    Shape weight;
    Attributes attributes;
};

void PrintTo(const ConvShape& shape, std::ostream* out) { *out << shape.name; }

const std::vector<ConvShape> kConvShapes{
    {"plain", {2, 16, 9, 9}, {16, 16, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
    {"no_padding", {1, 8, 7, 5}, {12, 8, 3, 3}, {}},
    {"one_channel", {2, 1, 12, 12}, {16, 1, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
    {"three_channels", {1, 3, 11, 11}, {8, 3, 7, 7}, {{"pads", Ints{3, 3, 3, 3}}, {"strides", Ints{2, 2}}}},
    {"odd_channels", {2, 5, 6, 6}, {7, 5, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}}},
    {"pointwise", {2, 24, 5, 5}, {40, 24, 1, 1}, {}},
    {"pointwise_strided", {2, 16, 7, 7}, {32, 16, 1, 1}, {{"strides", Ints{2, 2}}}},
    {"strided_with_rest", {1, 16, 8, 8}, {16, 16, 3, 3}, {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}}},
    {"asymmetric_pads", {1, 8, 6, 6}, {8, 8, 3, 3}, {{"pads", Ints{0, 1, 2, 0}}, {"strides", Ints{2, 1}}}},
    {"same_upper", {1, 8, 7, 8}, {8, 8, 3, 2}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}}},
    {"same_lower", {1, 8, 7, 8}, {8, 8, 4, 2}, {{"auto_pad", std::string("SAME_LOWER")}}},
    {"dilated", {1, 16, 9, 9}, {16, 16, 3, 3}, {{"dilations", Ints{2, 2}}, {"pads", Ints{2, 2, 2, 2}}}},
    {"grouped", {2, 16, 6, 6}, {32, 4, 3, 3}, {{"group", std::int64_t{4}}, {"pads", Ints{1, 1, 1, 1}}}},
    {"depthwise", {2, 24, 7, 7}, {24, 1, 3, 3}, {{"group", std::int64_t{24}}, {"pads", Ints{1, 1, 1, 1}}}},
    {"depthwise_strided",
     {2, 20, 8, 8},
     {20, 1, 3, 3},
     {{"group", std::int64_t{20}}, {"pads", Ints{0, 0, 1, 1}}, {"strides", Ints{2, 2}}}},
    {"depth_multiplier", {1, 6, 5, 5}, {12, 1, 3, 3}, {{"group", std::int64_t{6}}}},
    {"one_dimension", {2, 8, 20}, {16, 8, 5}, {{"pads", Ints{2, 1}}, {"strides", Ints{2}}}},
    // Windows that move by whole blocks of columns, which become channels (lib/folded_columns).
    {"sound", {2, 1, 64}, {24, 1, 16}, {{"strides", Ints{8}}}},
    {"sound_of_two_channels", {1, 2, 27}, {8, 2, 6}, {{"strides", Ints{3}}}},
    {"patches", {2, 3, 12, 16}, {32, 3, 4, 4}, {{"strides", Ints{4, 4}}}},
    {"padded_rows", {1, 3, 7, 12}, {16, 3, 3, 4}, {{"strides", Ints{1, 2}}, {"pads", Ints{1, 0, 1, 0}}}},
    {"columns_left_over", {1, 3, 6, 13}, {16, 3, 2, 4}, {{"strides", Ints{2, 4}}}},
    {"three_dimensions", {1, 4, 5, 6, 7}, {8, 4, 3, 3, 3}, {{"pads", Ints{1, 1, 1, 1, 1, 1}}}},
};

class Conv : public testing::TestWithParam<ConvShape> {
protected:
    static std::int64_t channels() { return GetParam().weight[0]; }
};
class ConvFp32 : public Conv {};
class ConvInt8 : public Conv {
protected:
    /// Codes over the whole range; the output scale lets about one code in ten saturate.
    static void fill(KernelCase& c, DType input, std::int32_t zero_point, bool is_per_channel, std::uint64_t seed) {
        const auto& [name, shape, weight, attributes] = GetParam();
        c.input(random_codes(input, shape, seed), per_tensor(input, 0.02F, zero_point));
        c.weights(random_codes(DType::s8, weight, seed + 1), random_bias(channels(), 20000, seed + 2),
                  is_per_channel ? per_channel(channels(), 0.003F, 0, seed + 3) : per_tensor(DType::s8, 0.003F, 0));
    }
    static float output_scale() {
        const Shape& weight = GetParam().weight;
        return 0.02F * 0.003F * 80.0F *
               std::sqrt(static_cast<float>(weight.elements()) / static_cast<float>(weight[0]));
    }
};

std::string name_of(const testing::TestParamInfo<ConvShape>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Shapes, ConvFp32, testing::ValuesIn(kConvShapes), name_of);
INSTANTIATE_TEST_SUITE_P(Shapes, ConvInt8, testing::ValuesIn(kConvShapes), name_of);

constexpr double kTolerance = 2e-6;

TEST_P(ConvFp32, EqualsReference) {
    const auto& [name, input, weight, attributes] = GetParam();
    KernelCase c("Conv", attributes, 3);
    c.input(random_reals(input, -1, 1, 1))
        .weights(random_reals(weight, -1, 1, 2), random_reals({channels()}, -1, 1, 3));
    expect_close_to_ref(c.output(), kTolerance);
}

TEST_P(ConvFp32, FusesResidualThenClamp) {
    const auto& [name, input, weight, attributes] = GetParam();
    KernelCase c("Conv", attributes, 2);
    c.input(random_reals(input, -1, 1, 4)).weights(random_reals(weight, -1, 1, 5)).residual(6).clamp(0.0F, 1.5F);
    expect_close_to_ref(c, kTolerance);
    c.clamp(0.0F, std::numeric_limits<float>::infinity());
    expect_close_to_ref(c, kTolerance);
}

TEST_P(ConvInt8, CodesEqualReferenceButForRareTies) {
    std::uint64_t seed = 10;
    CodeDifference total;
    int runs = 0;
    for (const DType input : {DType::u8, DType::s8}) {
        for (const std::int32_t zero_point : {0, 7}) {
            for (const bool is_per_channel : {false, true}) {
                for (const DType output : {DType::u8, DType::s8}) {
                    KernelCase c("Conv", GetParam().attributes, 3);
                    fill(c, input, zero_point, is_per_channel, seed += 10);
                    c.clamp(0.0F, 60.0F * output_scale()).output(per_tensor(output, output_scale(), 3 * zero_point));
                    const CodeDifference one = code_difference(run(Backend::dnnl, c), run(Backend::ref, c));
                    EXPECT_LE(one.largest, 1) << to_string(input) << " zero point " << zero_point;
                    total.share += one.share;
                    ++runs;
                }
            }
        }
    }
    EXPECT_LE(total.share / runs, 0.001);
}

TEST_P(ConvInt8, RealOutputEqualsReference) {
    for (const std::int32_t zero_point : {0, 130}) {
        KernelCase c("Conv", GetParam().attributes, 3);
        fill(c, DType::u8, zero_point, true, 500);
        expect_close_to_ref(c.output(), 1e-6);
    }
}

TEST(ConvInt8Exactness, LargestProductsDoNotSaturate) {  // techniques E, test vector (a): 255 * 127 * 2 > 2^15
    const std::vector<std::uint8_t> x(64, 255);
    const std::vector<std::int8_t> w(64, 127);
    KernelCase c("Conv", {}, 2);
    c.input(Tensor::of<std::uint8_t>({1, 64, 1, 1}, x), per_tensor(DType::u8, 1.0F, 0));
    c.weights(Tensor::of<std::int8_t>({1, 64, 1, 1}, w), {}, per_tensor(DType::s8, 1.0F, 0)).output();
    EXPECT_EQ(run(Backend::dnnl, c).as<float>()[0], 64.0F * 255.0F * 127.0F);
}

// oneDNN also offers kernels without VNNI, whose sums of two products saturate; a plan may name any that is offered.
TEST_P(ConvInt8, NoImplementationSaturates) {
    const auto& [name, shape, weight, attributes] = GetParam();
    for (const DType input : {DType::u8, DType::s8}) {
        KernelCase c("Conv", attributes, 2);
        const Tensor x = largest_codes(input, shape);
        c.input(x, per_tensor(input, 1.0F, 0));
        c.weights(largest_codes(DType::s8, weight), {}, per_tensor(DType::s8, 1.0F, 0)).output();
        expect_every_implementation(c);
    }
}

TEST(ConvInt8Exactness, PaddingIsRealZero) {  // techniques E, test vector (b): a padded pixel counts as the zero point
    const std::vector<std::uint8_t> x(9, 100);  // = real zero
    const std::vector<std::int8_t> w(9, 1);
    KernelCase c("Conv", {{"pads", Ints{1, 1, 1, 1}}}, 2);
    c.input(Tensor::of<std::uint8_t>({1, 1, 3, 3}, x), per_tensor(DType::u8, 0.5F, 100));
    c.weights(Tensor::of<std::int8_t>({1, 1, 3, 3}, w), {}, per_tensor(DType::s8, 1.0F, 0)).output();
    const Tensor result = run(Backend::dnnl, c);
    for (const float y : result.as<float>()) EXPECT_EQ(y, 0.0F);
}

TEST(ConvRefusals, NameTheReason) {
    const auto why = [](const KernelCase& c) { return find_op(Backend::dnnl, "Conv")->supports(c.request).why; };
    KernelCase dynamic("Conv", {}, 2);
    dynamic.input(random_reals({1, 4, 5, 5}, -1, 1, 1)).input(random_reals({4, 4, 3, 3}, -1, 1, 1)).output();
    EXPECT_EQ(why(dynamic), "the weights are not constant");

    KernelCase zero_points("Conv", {}, 2);
    zero_points.input(random_codes(DType::u8, {1, 4, 5, 5}, 1), per_tensor(DType::u8, 0.1F, 0));
    zero_points.weights(random_codes(DType::s8, {4, 4, 3, 3}, 2), {}, per_tensor(DType::s8, 0.1F, 3)).output();
    EXPECT_EQ(why(zero_points), "oneDNN's int8 kernels take no zero point of the weights");
}

TEST(ConvLayouts, StayChannelsLastInBothPrecisions) {
    KernelCase real("Conv", {}, 2);
    real.input(random_reals({1, 16, 5, 5}, -1, 1, 1)).weights(random_reals({32, 16, 3, 3}, -1, 1, 2)).output();
    const auto primitive = build(Backend::dnnl, real.request);
    EXPECT_EQ(primitive->input_layout(0).name(), "nhwc");
    EXPECT_EQ(primitive->output_layout(0).name(), "nhwc");
}

TEST(ConvLayouts, OneChannelNeedsNoReorder) {
    KernelCase real("Conv", {}, 2);
    real.input(random_reals({4, 1, 5, 5}, -1, 1, 1)).weights(random_reals({32, 1, 3, 3}, -1, 1, 2)).output();
    EXPECT_TRUE(build(Backend::dnnl, real.request)->input_layout(0).is_plain());
}

TEST(ConvResidual, SharesTheOutputsBuffer) {
    KernelCase c("Conv", {}, 2);
    c.input(random_reals({1, 16, 1, 1}, -1, 1, 1)).weights(random_reals({16, 16, 1, 1}, -1, 1, 2)).residual(3);
    const auto primitive = build(Backend::dnnl, c.request);
    ASSERT_EQ(primitive->in_place_input(), 1);
    Tensor shared = c.data[1].clone();  // 1x1 images: the layouts are plain
    Tensor scratch({DType::u8, Shape{static_cast<std::int64_t>(primitive->scratch_bytes()) + 1}});
    const std::byte* inputs[] = {c.data[0].view().data, shared.view().data};
    std::byte* outputs[] = {shared.mutable_view().data};
    primitive->execute(inputs, outputs, scratch.mutable_view().data);
    EXPECT_LE(relative_error(shared, run(Backend::ref, c)), kTolerance);
}

}  // namespace
}  // namespace halftone::test
