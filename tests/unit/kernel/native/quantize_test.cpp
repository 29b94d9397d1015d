// QuantizeLinear and DequantizeLinear: the reference's arithmetic in the layout at hand.
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

Tensor scalar_zero_point(const QuantParams& params) {
    return params.dtype == DType::s8 ? Tensor::scalar(static_cast<std::int8_t>(params.zero_point[0]))
                                     : Tensor::scalar(static_cast<std::uint8_t>(params.zero_point[0]));
}

std::vector<Tensor> constants_of(const QuantParams& params) {
    return {{}, Tensor::scalar(params.scale[0]), scalar_zero_point(params)};
}

const Shape kShape{2, 19, 5, 3};
const std::vector<QuantParams> kParams{per_tensor(DType::u8, 0.011F, 0), per_tensor(DType::u8, 0.02F, 131),
                                       per_tensor(DType::s8, 0.013F, 0), per_tensor(DType::s8, 0.02F, -7)};

TEST(QuantizeLinear, EqualsReference) {
    for (const QuantParams& params : kParams) {
        KernelCase c("QuantizeLinear", {}, 3);
        c.input(random_reals(kShape, -3, 3, 1)).constants(constants_of(params));
        c.request.outputs = {{{params.dtype, kShape}, params}};
        expect_equal_to_ref(c, Backend::native);
    }
}

TEST(DequantizeLinear, EqualsReference) {
    for (const QuantParams& params : kParams) {
        KernelCase c("DequantizeLinear", {}, 3);
        c.input(random_codes(params.dtype, kShape, 1), params).constants(constants_of(params));
        c.request.outputs = {{{DType::f32, kShape}, std::nullopt}};
        expect_equal_to_ref(c, Backend::native);
    }
}

TEST(QuantizeLinear, KeepsTheLayoutAtHand) {
    KernelCase c("QuantizeLinear", {}, 3);
    c.input(random_reals(kShape, -3, 3, 1)).constants(constants_of(kParams[0]));
    c.request.outputs = {{{DType::u8, kShape}, kParams[0]}};
    const auto by_itself = build(Backend::native, c.request);
    EXPECT_EQ(by_itself->input_layout(0).name(), "nhwc");
    EXPECT_EQ(by_itself->output_layout(0).name(), "nhwc");
    const Layout plain(c.data[0].type());
    EXPECT_TRUE(
        build(Backend::native, c.request, {.weights = nullptr, .available = {plain}})->output_layout(0).is_plain());
}

}  // namespace
}  // namespace halftone::test
