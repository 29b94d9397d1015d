// Pow, ReduceMean and Transpose of oneDNN against the reference.
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

using Ints = std::vector<std::int64_t>;

Tensor exponent(float value) { return Tensor::of<float>(Shape{1}, std::vector<float>{value}); }

TEST(Pow, OfAConstantEqualsReference) {
    for (const float power : {2.0F, 0.5F, 3.0F, -1.0F, 1.7F}) {
        KernelCase c("Pow", {}, 2);
        c.input(random_reals({2, 3, 7}, 0.1, 3, 1)).constants({Tensor(), exponent(power)}).output();
        expect_close_to_ref(c, 1e-5);
    }
}

TEST(Pow, OfATensorIsNotTaken) {
    KernelCase c("Pow", {}, 2);
    c.input(random_reals({2, 3}, 0.1, 3, 1)).input(random_reals({2, 3}, 0.1, 3, 2)).output();
    EXPECT_FALSE(find_op(Backend::dnnl, "Pow")->supports(c.request).is_supported);
}

TEST(Pow, OfAConstantBaseIsNotTaken) {
    KernelCase c("Pow", {}, 2);
    c.input(Tensor::scalar(3.0F)).constants({Tensor::scalar(2.0F), Tensor()}).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Pow")->supports(c.request).why, "the first input is a constant");
}

TEST(Clip, OfAConstantByAComputedBoundIsNotTaken) {
    KernelCase c("Clip", {}, 2);
    c.input(Tensor::scalar(3.0F)).constants({Tensor::scalar(2.0F), Tensor()}).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Clip")->supports(c.request).why, "the first input is a constant");
}

TEST(ReduceMean, OverTheLastDimensionsEqualsReference) {
    for (const Ints& axes : {Ints{-1}, Ints{2, 3}, Ints{1, 2, 3}, Ints{0, 1, 2, 3}}) {
        for (const std::int64_t keeps : {0, 1}) {
            KernelCase c("ReduceMean", {{"axes", axes}, {"keepdims", keeps}}, 1);
            c.input(random_reals({2, 3, 5, 19}, -1, 1, 1)).output();
            expect_close_to_ref(c, 1e-6);
        }
    }
}

TEST(ReduceMean, OverOthersSaysWhyNot) {
    KernelCase c("ReduceMean", {{"axes", Ints{1}}}, 1);
    c.input(random_reals({2, 3, 5}, -1, 1, 1)).output();
    EXPECT_EQ(find_op(Backend::dnnl, "ReduceMean")->supports(c.request).why,
              "the mean is not over the last dimensions");
}

TEST(Transpose, EqualsReferenceForRealsAndCodes) {
    for (const Ints& perm : {Ints{0, 2, 1, 3}, Ints{3, 2, 1, 0}, Ints{0, 1, 2, 3}, Ints{1, 3, 0, 2}}) {
        KernelCase real("Transpose", {{"perm", perm}}, 1);
        real.input(random_reals({2, 3, 5, 7}, -1, 1, 1)).output();
        expect_equal_to_ref(real);
        for (const DType dtype : {DType::u8, DType::s8}) {
            KernelCase codes("Transpose", {{"perm", perm}}, 1);
            codes.input(random_codes(dtype, {2, 3, 5, 7}, 2), per_tensor(dtype, 0.1F, 3));
            expect_equal_to_ref(codes.output(per_tensor(dtype, 0.1F, 3)));
        }
    }
}

TEST(Transpose, ReversesWithoutPerm) {
    KernelCase c("Transpose", {}, 1);
    c.input(random_reals({4, 6}, -1, 1, 1)).output();
    expect_equal_to_ref(c);
}

TEST(Concat, EqualsReferenceForRealsAndCodes) {
    for (const std::int64_t axis : {1, -1, 2}) {
        KernelCase real("Concat", {{"axis", axis}}, 2);
        real.input(random_reals({2, 6, 5, 5}, -1, 1, 1)).input(random_reals({2, 6, 5, 5}, -1, 1, 2)).output();
        expect_equal_to_ref(real);
        KernelCase codes("Concat", {{"axis", axis}}, 3);
        for (std::uint64_t i = 0; i < 3; ++i) {
            codes.input(random_codes(DType::u8, {2, 6, 5, 5}, i), per_tensor(DType::u8, 0.1F, 3));
        }
        expect_equal_to_ref(codes.output(per_tensor(DType::u8, 0.1F, 3)));
    }
}

TEST(Concat, StaysPlainWhenAllInputsAre) {
    KernelCase c("Concat", {{"axis", std::int64_t{1}}}, 2);
    c.input(random_reals({2, 6, 5}, -1, 1, 1)).input(random_reals({2, 3, 5}, -1, 1, 2)).output();
    EXPECT_EQ(build(Backend::dnnl, c.request)->output_layout(0).name(), "nwc");
    const std::vector<Layout> plain{Layout(c.data[0].type()), Layout(c.data[1].type())};
    EXPECT_TRUE(build(Backend::dnnl, c.request, {.weights = nullptr, .available = plain})->output_layout(0).is_plain());
}

}  // namespace
}  // namespace halftone::test
