// Add of oneDNN (fp32) and of our own loop (codes) against the reference: equal bit for bit, one addition is one
// rounding on any machine.
#include <limits>

#include "unit/kernel_dnnl/kernel_case.hpp"

namespace halftone::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(AddFp32, BroadcastsEitherOperand) {
    struct Shapes {
        Shape a;
        Shape b;
    };
    for (const auto& [a, b] : std::vector<Shapes>{{{2, 5, 4, 3}, {2, 5, 4, 3}},
                                                  {{2, 5, 4, 3}, {5, 1, 1}},
                                                  {{1, 5, 1, 1}, {2, 5, 4, 3}},
                                                  {{2, 5, 4, 3}, {}},
                                                  {{3}, {2, 5, 4, 3}},
                                                  {{2, 10}, {10}},
                                                  {{7}, {7}}}) {
        KernelCase c("Add", {}, 2);
        c.input(random_reals(a, -2, 2, 1)).input(random_reals(b, -2, 2, 2)).output();
        expect_equal_to_ref(c);
        expect_equal_to_ref(c.clamp(0.0F, kInfinity));
        expect_equal_to_ref(c.clamp(-1.0F, 1.5F));
    }
}

TEST(AddFp32, TakesConstantOperands) {
    const Tensor constant = random_reals({6, 1, 1}, -1, 1, 3);
    for (const std::size_t place : {std::size_t{0}, std::size_t{1}}) {
        std::vector<Tensor> constants(2);
        constants[place] = constant;
        KernelCase c("Add", {}, 2);
        c.input(random_reals({2, 6, 3, 3}, -1, 1, 4)).constants(constants).output();
        expect_equal_to_ref(c);
    }
}

TEST(AddFp32, KeepsTheLayoutAtHand) {
    KernelCase c("Add", {}, 2);
    c.input(random_reals({2, 6, 3, 3}, -1, 1, 4)).input(random_reals({2, 6, 3, 3}, -1, 1, 5)).output();
    const auto first = build(Backend::dnnl, c.request);
    EXPECT_EQ(first->output_layout(0).name(), "nhwc");
    const Layout plain(c.data[0].type());
    const auto second = build(Backend::dnnl, c.request, {.weights = nullptr, .available = {plain, plain}});
    EXPECT_TRUE(second->output_layout(0).is_plain());
    EXPECT_EQ(second->in_place_input(), 0);
}

TEST(AddCodes, EqualReferenceForAllTypes) {
    std::uint64_t seed = 50;
    for (const DType a : {DType::u8, DType::s8}) {
        for (const DType b : {DType::u8, DType::s8}) {
            for (const DType y : {DType::u8, DType::s8, DType::f32}) {
                KernelCase c("Add", {}, 2);
                c.input(random_codes(a, {2, 19, 5, 5}, ++seed), per_tensor(a, 0.031F, 3));
                c.input(random_codes(b, {2, 19, 5, 5}, ++seed), per_tensor(b, 0.017F, -0));
                c.output(y == DType::f32 ? std::nullopt : std::optional(per_tensor(y, 0.04F, 11)));
                expect_equal_to_ref(c);
                expect_equal_to_ref(c.clamp(0.0F, kInfinity));
                expect_equal_to_ref(c.clamp(-0.5F, 3.0F));
            }
        }
    }
}

TEST(AddCodes, RoundTiesToEven) {
    // 1 + 0 over scale 2: 0.5 -> 0; 3 + 0: 1.5 -> 2; 5 + 0: 2.5 -> 2.
    const std::vector<std::uint8_t> a{1, 3, 5};
    const std::vector<std::uint8_t> b{0, 0, 0};
    KernelCase c("Add", {}, 2);
    c.input(Tensor::of<std::uint8_t>({3}, a), per_tensor(DType::u8, 1.0F, 0));
    c.input(Tensor::of<std::uint8_t>({3}, b), per_tensor(DType::u8, 1.0F, 0)).output(per_tensor(DType::u8, 2.0F, 0));
    const Tensor y = run(Backend::dnnl, c);
    EXPECT_EQ(std::vector<std::uint8_t>(y.as<std::uint8_t>().begin(), y.as<std::uint8_t>().end()),
              (std::vector<std::uint8_t>{0, 2, 2}));
}

TEST(AddCodes, MayShareABuffer) {
    KernelCase c("Add", {}, 2);
    c.input(random_codes(DType::u8, {301}, 7), per_tensor(DType::u8, 0.5F, 3));
    c.input(random_codes(DType::u8, {301}, 8), per_tensor(DType::u8, 0.25F, 0)).output(per_tensor(DType::u8, 0.6F, 0));
    const auto primitive = build(Backend::dnnl, c.request);
    ASSERT_EQ(primitive->in_place_input(), 0);
    Tensor shared = c.data[0].clone();
    const std::byte* inputs[] = {shared.view().data, c.data[1].view().data};
    std::byte* outputs[] = {shared.mutable_view().data};
    primitive->execute(inputs, outputs, nullptr);
    EXPECT_EQ(code_difference(shared, run(Backend::ref, c)).largest, 0);
}

TEST(AddRefusals, NameTheReason) {
    KernelCase both("Add", {}, 2);
    both.input(random_reals({3, 1}, -1, 1, 1)).input(random_reals({1, 4}, -1, 1, 1)).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Add")->supports(both.request).why,
              "the first operand does not have the shape of the result");

    KernelCase mixed("Add", {}, 2);
    mixed.input(random_codes(DType::u8, {3}, 1), per_tensor(DType::u8, 1.0F, 0)).input(random_reals({3}, -1, 1, 1));
    EXPECT_EQ(find_op(Backend::dnnl, "Add")->supports(mixed.output().request).why,
              "both operands are codes with per-tensor parameters, or none");
}

}  // namespace
}  // namespace halftone::test
