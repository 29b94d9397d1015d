// Add of oneDNN (fp32) and of our own loop (codes) against the reference: equal bit for bit, one addition is one
// rounding on any machine.
#include <limits>

#include "unit/kernel/dnnl/kernel_case.hpp"

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

TEST(AddRefusals, NameTheReason) {
    KernelCase both("Add", {}, 2);
    both.input(random_reals({3, 1}, -1, 1, 1)).input(random_reals({1, 4}, -1, 1, 1)).output();
    EXPECT_EQ(find_op(Backend::dnnl, "Add")->supports(both.request).why,
              "the first operand does not have the shape of the result");

    KernelCase mixed("Add", {}, 2);
    mixed.input(random_codes(DType::u8, {3}, 1), per_tensor(DType::u8, 1.0F, 0)).input(random_reals({3}, -1, 1, 1));
    EXPECT_EQ(find_op(Backend::dnnl, "Add")->supports(mixed.output().request).why,
              "both operands are fp32, or both are codes");
}

}  // namespace
}  // namespace halftone::test
