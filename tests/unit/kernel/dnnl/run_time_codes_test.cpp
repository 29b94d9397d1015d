// Products whose input was quantized at run time, against the reference loops, bit for bit: sums of codes are exact on
// every machine, also where its int8 products saturate, and the roundings behind them are prescribed.
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

/// Inputs of ScaledMatMulInteger: A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias.
struct ProductCase {
    Shape left{5, 96};
    std::int64_t columns = 24;
    DType weight = DType::s8;
    bool has_zero_points = false;
    bool has_bias = true;
    bool is_per_channel = true;
    std::int32_t largest = 127;  ///< magnitude of the weights
};

Tensor weights_of(const ProductCase& p, std::int64_t inner) {
    Tensor codes = random_codes(p.weight, {inner, p.columns}, 7);
    if (p.weight != DType::s8) return codes;
    for (std::int8_t& code : codes.mutable_view().as<std::int8_t>()) {
        code = static_cast<std::int8_t>(code % (p.largest + 1));
    }
    return codes;
}

void expect_equal_product(const ProductCase& p) {
    KernelCase c("ScaledMatMulInteger", {}, 7);
    const std::int64_t inner = p.left[p.left.rank() - 1];
    const Shape row = p.is_per_channel ? Shape{p.columns} : Shape{};
    c.input(random_codes(DType::u8, p.left, 3));
    c.input(Tensor::scalar(0.0173F));
    c.input(Tensor::of<std::uint8_t>(Shape{}, std::vector<std::uint8_t>{131}));
    std::vector<Tensor> constants(7);
    constants[1] = weights_of(p, inner);
    constants[3] = random_reals(row, 0.001, 0.02, 4);
    if (p.has_zero_points) constants[5] = random_codes(p.weight, row, 5);
    if (p.has_bias) constants[6] = random_reals({p.columns}, -3, 3, 6);
    if (!p.has_zero_points) c.node.inputs[5] = {};
    if (!p.has_bias) c.node.inputs.resize(6), constants.resize(6);
    if (!p.has_bias && !p.has_zero_points) c.node.inputs.resize(5), constants.resize(5);
    c.constants(std::move(constants)).output();
    expect_equal_to_ref(c);
}

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
