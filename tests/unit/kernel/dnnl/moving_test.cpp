// Flatten, Reshape, Squeeze and Unsqueeze move nothing: plain in, plain out, any element type, the buffer may be
// shared.
#include "unit/kernel/dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

TEST(Flatten, EqualsReferenceForRealsAndCodes) {
    KernelCase real("Flatten", {}, 1);
    expect_equal_to_ref(real.input(random_reals({2, 3, 4, 5}, -1, 1, 1)).output());
    const QuantParams params = per_tensor(DType::u8, 0.1F, 9);
    KernelCase codes("Flatten", {}, 1);
    expect_equal_to_ref(codes.input(random_codes(DType::u8, {2, 3, 4, 5}, 1), params).output(params));
}

TEST(Reshape, EqualsReference) {
    const std::vector<std::int64_t> target{2, -1};
    KernelCase c("Reshape", {}, 2);
    c.input(random_reals({2, 3, 4, 5}, -1, 1, 1)).constants({{}, Tensor::of<std::int64_t>({2}, target)});
    expect_equal_to_ref(c.output());
}

TEST(Squeeze, AndUnsqueezeEqualReferenceAndShareTheBuffer) {
    const std::vector<std::int64_t> axes{1, 3};
    for (const std::string op : {"Squeeze", "Unsqueeze"}) {
        const Shape shape = op == "Squeeze" ? Shape{2, 1, 5, 1, 3} : Shape{2, 5, 3};
        KernelCase real(op, {}, 2);
        real.input(random_reals(shape, -1, 1, 1)).constants({{}, Tensor::of<std::int64_t>({2}, axes)}).output();
        expect_equal_to_ref(real);
        EXPECT_EQ(build(Backend::dnnl, real.request)->in_place_input(), 0);
        const QuantParams params = per_tensor(DType::u8, 0.1F, 9);
        KernelCase codes(op, {}, 2);
        codes.input(random_codes(DType::u8, shape, 1), params).constants({{}, Tensor::of<std::int64_t>({2}, axes)});
        expect_equal_to_ref(codes.output(params));
    }
}

TEST(Flatten, MaySharePlainBuffers) {
    KernelCase c("Flatten", {}, 1);
    c.input(random_reals({2, 3, 4, 5}, -1, 1, 1)).output();
    const auto primitive = build(Backend::dnnl, c.request);
    EXPECT_EQ(primitive->in_place_input(), 0);
    EXPECT_TRUE(primitive->input_layout(0).is_plain());
    EXPECT_TRUE(primitive->output_layout(0).is_plain());
}

TEST(Flatten, RefusesOtherParameters) {
    KernelCase c("Flatten", {}, 1);
    c.input(random_codes(DType::u8, {2, 3}, 1), per_tensor(DType::u8, 0.1F, 0)).output(per_tensor(DType::u8, 0.2F, 0));
    EXPECT_EQ(find_op(Backend::dnnl, "Flatten")->supports(c.request).why,
              "input and output need the same dtype and parameters");
}

}  // namespace
}  // namespace halftone::test
