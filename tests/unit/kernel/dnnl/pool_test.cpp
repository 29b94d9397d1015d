// Pools of oneDNN against the reference loops. Maxima are exact; averages: float sums of up to 64 values.
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

struct PoolShape {
    std::string name;
    Shape input;
    Attributes attributes;
};

void PrintTo(const PoolShape& shape, std::ostream* out) { *out << shape.name; }

const std::vector<PoolShape> kPoolShapes{
    {"halving", {2, 16, 8, 8}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"overlapping", {2, 5, 7, 7}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}},
    {"asymmetric", {1, 8, 6, 9}, {{"kernel_shape", Ints{3, 2}}, {"pads", Ints{0, 1, 2, 0}}}},
    {"with_rest", {1, 8, 8, 8}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}}},
    {"ceil_mode",
     {1, 8, 8, 8},
     {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"ceil_mode", std::int64_t{1}}}},
    {"same_upper",
     {1, 3, 7, 7},
     {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}}},
    {"one_dimension", {2, 8, 12}, {{"kernel_shape", Ints{4}}, {"strides", Ints{3}}}},
    {"one_channel", {2, 1, 6, 6}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
};

class Pool : public testing::TestWithParam<PoolShape> {};
std::string pool_shape_name(const testing::TestParamInfo<PoolShape>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Shapes, Pool, testing::ValuesIn(kPoolShapes), pool_shape_name);

TEST_P(Pool, MaximumOfRealsEqualsReference) {
    KernelCase c("MaxPool", GetParam().attributes, 1);
    expect_equal_to_ref(c.input(random_reals(GetParam().input, -3, -1, 1)).output());
}

TEST_P(Pool, MaximumOfCodesEqualsReference) {
    for (const DType dtype : {DType::u8, DType::s8}) {
        KernelCase c("MaxPool", GetParam().attributes, 1);
        const QuantParams params = per_tensor(dtype, 0.1F, 5);
        expect_equal_to_ref(c.input(random_codes(dtype, GetParam().input, 2), params).output(params));
    }
}

TEST_P(Pool, AverageWithoutPaddingEqualsReference) {
    KernelCase c("AveragePool", GetParam().attributes, 1);
    expect_close_to_ref(c.input(random_reals(GetParam().input, -1, 1, 3)).output(), 1e-6);
}

TEST_P(Pool, AverageWithPaddingEqualsReference) {
    Attributes attributes = GetParam().attributes;
    attributes["count_include_pad"] = std::int64_t{1};
    KernelCase c("AveragePool", attributes, 1);
    c.input(random_reals(GetParam().input, -1, 1, 4)).output();
    const Support support = find_op(Backend::dnnl, "AveragePool")->supports(c.request);
    if (GetParam().name == "ceil_mode") {
        EXPECT_EQ(support.why, "ceil_mode with count_include_pad and windows beyond the padding");
    } else {
        expect_close_to_ref(c, 1e-6);
    }
}

TEST(GlobalAveragePool, EqualsReferenceAndLeavesAPlainLayout) {
    for (const Shape& shape : {Shape{2, 64, 7, 7}, Shape{1, 3, 5, 8}, Shape{2, 4, 9}}) {
        KernelCase c("GlobalAveragePool", {}, 1);
        c.input(random_reals(shape, -1, 1, 5)).output();
        expect_close_to_ref(c, 1e-6);
        EXPECT_TRUE(build(Backend::dnnl, c.request)->output_layout(0).is_plain());  // 1x1 images: Flatten is free
    }
}

// Found by fuzzing. ONNX Runtime gives the lowest finite number, as oneDNN does; the plain loops give the maximum of
// nothing, minus infinity, which is ONNX's padding.
TEST(PoolRefusals, WindowsOfPaddingOnly) {
    const auto why = [](Ints dilations, std::int64_t width) {
        KernelCase c("MaxPool", {{"kernel_shape", Ints{2}}, {"dilations", dilations}, {"pads", Ints{1, 1}}}, 1);
        c.input(random_reals({1, 4, width}, -1, 1, 1)).output();
        return find_op(Backend::dnnl, "MaxPool")->supports(c.request).why;
    };
    EXPECT_EQ(why({2}, 1), "a window reads padding only");
    EXPECT_EQ(why({1}, 1), "");
    EXPECT_EQ(why({2}, 2), "");
}

TEST(PoolRefusals, NameTheReason) {
    KernelCase c("MaxPool", {{"kernel_shape", Ints{2, 2}}}, 1);
    c.input(random_codes(DType::u8, {1, 4, 5, 5}, 1), per_tensor(DType::u8, 0.1F, 5))
        .output(per_tensor(DType::u8, 0.2F, 5));
    EXPECT_EQ(find_op(Backend::dnnl, "MaxPool")->supports(c.request).why,
              "input and output need the same dtype and parameters");
}

}  // namespace
}  // namespace halftone::test
